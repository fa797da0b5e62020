package ftpd

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// client is a small FTP client over TLS.
type client struct {
	t      *testing.T
	raw    net.Conn
	conn   net.Conn
	reader *bufio.Reader
	config *tls.Config
	host   string
	// isPlain is set for data connections without TLS.
	isPlain bool
}

var errClosed = errors.New("the server has closed the connection")

// connect reads the greeting.
func connect(t *testing.T, address string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	host, _, _ := net.SplitHostPort(address)
	c := &client{t: t, raw: conn, host: host, config: &tls.Config{
		InsecureSkipVerify: true, ServerName: "upload", ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}}
	c.use(conn)
	return c
}

func (c *client) use(conn net.Conn) {
	c.conn, c.reader = conn, bufio.NewReader(conn)
}

// reply reads one, of as many lines as it has.
func (c *client) reply() (int, string, error) { return c.replyWithin(40 * time.Second) }

func (c *client) replyWithin(limit time.Duration) (int, string, error) {
	_ = c.raw.SetReadDeadline(time.Now().Add(limit))
	all := ""
	for {
		line, err := c.reader.ReadString('\n')
		if err != nil {
			return 0, all, errClosed
		}
		all += line
		if len(line) > 4 && line[3] == ' ' && line[0] >= '1' && line[0] <= '5' {
			code, err := strconv.Atoi(line[:3])
			return code, all, err
		}
	}
}

func (c *client) try(command string) (int, string, error) { return c.tries(command, 40*time.Second) }

func (c *client) tries(command string, limit time.Duration) (int, string, error) {
	_ = c.raw.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c.conn, command+"\r\n"); err != nil {
		return 0, "", errClosed
	}
	return c.replyWithin(limit)
}

// says sends a command. @returns the code and the words of the reply
func (c *client) says(format string, args ...any) (int, string) {
	c.t.Helper()
	code, text, err := c.try(fmt.Sprintf(format, args...))
	if err != nil {
		c.t.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
	return code, text
}

// wants sends a command that must be answered so. @returns the words of the reply
func (c *client) wants(want int, format string, args ...any) string {
	c.t.Helper()
	code, text := c.says(format, args...)
	if code != want {
		c.t.Fatalf("%s: %s, want %d", fmt.Sprintf(format, args...), text, want)
	}
	return text
}

// sends sends bytes, and waits for no reply.
func (c *client) sends(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// wantsReply reads a reply.
func (c *client) wantsReply(want int) string {
	c.t.Helper()
	code, text, err := c.reply()
	if err != nil || code != want {
		c.t.Fatalf("the reply is %q, %v, want %d", text, err, want)
	}
	return text
}

func (c *client) encrypt() {
	c.t.Helper()
	c.wants(234, "AUTH TLS")
	c.useTLS()
}

func (c *client) useTLS() { c.use(tls.Client(c.raw, c.config)) }

// loginInClear is a login without any word on encryption.
func (c *client) loginInClear() *client {
	c.t.Helper()
	c.isPlain = true
	c.wantsReply(220)
	c.wants(331, "USER kim")
	c.wants(230, "PASS right")
	return c
}

func (c *client) login() *client {
	c.t.Helper()
	c.wantsReply(220)
	c.encrypt()
	c.wants(331, "USER kim")
	c.wants(230, "PASS right")
	c.wants(200, "PBSZ 0")
	c.wants(200, "PROT P")
	c.wants(200, "TYPE I")
	return c
}

// data is a data connection and what is below its encryption.
type data struct {
	net.Conn
	raw *net.TCPConn
}

var extended = regexp.MustCompile(`\(\|\|\|(\d+)\|\)`)

// passive opens a data connection.
func (c *client) passive() data {
	c.t.Helper()
	port := extended.FindStringSubmatch(c.wants(229, "EPSV"))
	if port == nil {
		c.t.Fatal("there is no port in the reply")
	}
	return c.dialData(net.JoinHostPort(c.host, port[1]))
}

func (c *client) dialData(address string) data {
	c.t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	if c.isPlain {
		return data{conn, conn.(*net.TCPConn)}
	}
	return data{tls.Client(conn, c.config), conn.(*net.TCPConn)}
}

// stores uploads a file. @returns the code and the words of the last reply
func (c *client) stores(name string, content []byte) (int, string) {
	c.t.Helper()
	data := c.passive()
	if code, text := c.says("STOR %s", name); code != 150 {
		return code, text
	}
	_, _ = data.Write(content)
	if encrypted, ok := data.Conn.(*tls.Conn); ok {
		_ = encrypted.Handshake()
	}
	data.Close()
	code, text, err := c.reply()
	if err != nil {
		c.t.Fatal(err)
	}
	return code, text
}

// reads downloads a file or a listing.
func (c *client) reads(format string, args ...any) string {
	c.t.Helper()
	data := c.passive()
	c.wants(150, format, args...)
	content, err := io.ReadAll(data)
	if err != nil {
		c.t.Fatal(err)
	}
	data.Close()
	c.wantsReply(226)
	return string(content)
}

func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
}

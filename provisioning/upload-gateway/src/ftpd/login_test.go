package ftpd

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"xwmooc/upload-gateway/guard"
)

func TestLoginIsRequired(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil).address)
	c.wantsReply(220)
	c.encrypt()
	for _, command := range []string{
		"PWD", "CWD /pi", "EPSV", "PASV", "STOR /pi/a", "RETR /pi/a", "LIST", "MLSD", "DELE /pi/a", "SITE STATUS pi", "SIZE /pi/a", "MKD /pi/b", "STAT",
	} {
		c.wants(530, "%s", command)
	}
}

func TestEncryptionIsRequired(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address)
	c.wantsReply(220)
	if text := c.wants(530, "USER kim"); !strings.Contains(text, "encryption is required") {
		t.Errorf("the words are %q", text)
	}
	if _, _, err := c.try("PASS right"); !errors.Is(err, errClosed) {
		t.Errorf("the connection goes on: %v", err)
	}
	c = connect(t, s.address)
	c.wantsReply(220)
	c.wants(530, "PASS right")
}

func TestEncryptionOfDataIsRequired(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	c.wants(534, "PROT C")
	c.wants(536, "PROT E")
	c.wants(200, "PBSZ 0")
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Errorf("after PROT C was refused: %s", text)
	}
	c = connect(t, s.address)
	c.wantsReply(220)
	c.encrypt()
	c.wants(331, "USER kim")
	c.wants(230, "PASS right")
	if text := c.wants(522, "EPSV"); !strings.Contains(text, "PROT P") {
		t.Errorf("the words are %q", text)
	}
	c.wants(200, "PROT P")
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Errorf("after PROT P: %s", text)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil).address)
	c.wantsReply(220)
	c.config.MaxVersion = tls.VersionTLS11
	c.encrypt()
	if _, _, err := c.try("NOOP"); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

func TestImplicitEncryption(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config, _ *guard.Limits) { c.Mode = Implicit })
	c := connect(t, s.address)
	c.useTLS()
	c.wantsReply(220)
	c.wants(331, "USER kim")
	c.wants(230, "PASS right")
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Error(text)
	}
	s.holds(t, "a", "x")
}

func TestDataConnectionsResumeTheSessionOfTLS(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := connect(t, start(t, nil).address)
		c.config.MaxVersion = version
		c.login()
		data := c.passive()
		c.wants(150, "STOR /pi/a")
		if _, err := data.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if state := data.Conn.(*tls.Conn).ConnectionState(); !state.DidResume || state.Version != version {
			t.Errorf("%x: resumed %v", version, state.DidResume)
		}
		data.Close()
		c.wantsReply(226)
	}
}

func TestWrongPasswordsAreBanned(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for range 3 {
		c := connect(t, s.address)
		c.wantsReply(220)
		c.encrypt()
		c.wants(331, "USER kim")
		began := time.Now()
		c.wants(530, "PASS wrong")
		if took := time.Since(began); took < 400*time.Millisecond {
			t.Errorf("the answer came after %v", took)
		}
		if _, _, err := c.try("NOOP"); err == nil {
			t.Error("the connection goes on")
		}
	}
	if text := connect(t, s.address).wantsReply(421); !strings.Contains(text, "failed logins") {
		t.Errorf("the words are %q", text)
	}
	if s.guard.Banned() != 1 {
		t.Errorf("%d are banned", s.guard.Banned())
	}
}

func TestSessionsAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *Config, l *guard.Limits) { l.SessionsPerAccount = 1; l.SessionsPerAddress = 2 })
	first := connect(t, s.address).login()
	second := connect(t, s.address)
	second.wantsReply(220)
	second.encrypt()
	second.wants(331, "USER kim")
	if text := second.wants(530, "PASS right"); !strings.Contains(text, "too many connections") {
		t.Errorf("the words are %q", text)
	}
	first.wants(221, "QUIT")
	s.allGone(t)
	connect(t, s.address).login()
	connect(t, s.address).wantsReply(220)
	connect(t, s.address).wantsReply(421)
}

func TestSilentSessionEnds(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config, _ *guard.Limits) { c.IdleTimeout = 500 * time.Millisecond })
	c := connect(t, s.address).login()
	if code, text, err := c.reply(); err != nil || code != 421 {
		t.Errorf("the session ends by %q, %v", text, err)
	}
	s.allGone(t)
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	s := startAt(t, "[::1]:0", nil)
	c := connect(t, s.address).login()
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Error(text)
	}
	s.holds(t, "a", "x")
	c.wants(421, "PASV")
	c.wants(200, "NOOP")
}

func TestNobodyElseGetsTheDataConnection(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	port := extended.FindStringSubmatch(c.wants(229, "EPSV"))[1]
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	stranger, err := dialer.Dial("tcp", net.JoinHostPort(c.host, port))
	if err != nil {
		t.Skip(err)
	}
	defer stranger.Close()
	data := c.dialData(net.JoinHostPort(c.host, port))
	c.wants(150, "STOR /pi/a")
	if _, err := data.Write([]byte("mine")); err != nil {
		t.Fatal(err)
	}
	data.Close()
	c.wantsReply(226)
	s.holds(t, "a", "mine")
}

package ftpd

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// The login takes no longer, from the connection on.
const loginTimeout = 60 * time.Second

// controlConn ends a session in which nothing happens. While a transfer is under way, nothing is said on it for long.
type controlConn struct {
	net.Conn
	began  time.Time
	idle   time.Duration
	isBusy func() bool

	isIn atomic.Bool
	last atomic.Int64
}

func (c *controlConn) loggedIn() { c.isIn.Store(true); c.touch() }
func (c *controlConn) touch()    { c.last.Store(time.Now().UnixNano()) }

func (c *controlConn) Read(buffer []byte) (int, error) {
	c.touch()
	for {
		_ = c.Conn.SetReadDeadline(c.end())
		n, err := c.Conn.Read(buffer)
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(c.end()) {
			continue
		}
		return n, err
	}
}

// end is the time until which there must be something to read.
func (c *controlConn) end() time.Time {
	switch {
	case !c.isIn.Load():
		return c.began.Add(loginTimeout)
	case c.isBusy():
		return time.Now().Add(c.idle)
	default:
		return time.Unix(0, c.last.Load()).Add(c.idle)
	}
}

func (c *controlConn) Write(content []byte) (int, error) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(loginTimeout))
	return c.Conn.Write(content)
}

// The library and TLS set deadlines of their own; the ones above are those that count.
func (c *controlConn) SetDeadline(time.Time) error      { return nil }
func (c *controlConn) SetReadDeadline(time.Time) error  { return nil }
func (c *controlConn) SetWriteDeadline(time.Time) error { return nil }

// dataConn ends a transfer in which nothing moves, and sees how its data end.
type dataConn struct {
	net.Conn
	idle time.Duration
	// isEncrypted is set where TLS reads from this connection.
	isEncrypted bool
	// hasEnded is set when the connection itself was closed by the client. TLS that has got a close_notify, which announces
	// the end, reads no further; without one Go's crypto/tls gives the same io.EOF, but it has come to this end first.
	hasEnded atomic.Bool
}

func (d *dataConn) Read(buffer []byte) (int, error) {
	_ = d.Conn.SetReadDeadline(time.Now().Add(d.idle))
	n, err := d.Conn.Read(buffer)
	if err != nil {
		d.hasEnded.Store(true)
	}
	return n, err
}

func (d *dataConn) Write(content []byte) (int, error) {
	_ = d.Conn.SetWriteDeadline(time.Now().Add(d.idle))
	return d.Conn.Write(content)
}

// passiveListener takes the one data connection of a transfer from the session's client.
type passiveListener struct {
	net.Listener
	// v6 is nil where this machine has no IPv6.
	v6   *net.TCPListener
	from net.IP
	wrap func(net.Conn) net.Conn
}

// newPassiveListener makes a listener for IPv4, the only one that the library opens, one for IPv6 too.
func newPassiveListener(v4 net.Listener, from net.IP, wrap func(net.Conn) net.Conn) *passiveListener {
	l := &passiveListener{Listener: v4, from: from, wrap: wrap}
	if address, ok := v4.Addr().(*net.TCPAddr); ok {
		l.v6, _ = net.ListenTCP("tcp6", &net.TCPAddr{IP: net.IPv6unspecified, Port: address.Port})
	}
	return l
}

type accepted struct {
	conn net.Conn
	err  error
}

// Accept gives the client's first connection of either kind, and no second one: that is all that a transfer needs. The
// library has set a time limit to the IPv4 listener; its end, by an error, ends both.
func (l *passiveListener) Accept() (net.Conn, error) {
	came := make(chan accepted, 2)
	go l.acceptFrom(l.Listener, came)
	if l.v6 != nil {
		go l.acceptFrom(l.v6, came)
	}
	first := <-came
	if l.v6 != nil {
		l.v6.Close()
		// The library closes the IPv4 listener at the transfer's end.
		go func() {
			if late := <-came; late.conn != nil {
				late.conn.Close()
			}
		}()
	}
	if first.err != nil {
		return nil, first.err
	}
	return l.wrap(first.conn), nil
}

// acceptFrom lets in nobody but the session's client: another one would only have to be faster.
func (l *passiveListener) acceptFrom(listener net.Listener, came chan<- accepted) {
	for {
		conn, err := listener.Accept()
		if err == nil && !ipOf(conn.RemoteAddr()).Equal(l.from) {
			conn.Close()
			continue
		}
		came <- accepted{conn, err}
		return
	}
}

// Close is also called where the library forgets to.
func (l *passiveListener) Close() error {
	if l.v6 != nil {
		l.v6.Close()
	}
	return l.Listener.Close()
}

func ipOf(address net.Addr) net.IP {
	if tcp, ok := address.(*net.TCPAddr); ok {
		return tcp.IP
	}
	return nil
}

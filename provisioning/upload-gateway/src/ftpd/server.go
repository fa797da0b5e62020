// Package ftpd lets authors in by FTP over TLS, on github.com/fclairamb/ftpserverlib.
package ftpd

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"xwmooc/upload-gateway/accept"
	"xwmooc/upload-gateway/guard"
	"xwmooc/upload-gateway/tree"
)

// Mode says when the connection is encrypted.
type Mode int

const (
	// Explicit TLS, required: the client says AUTH TLS before it logs in.
	Explicit Mode = iota
	// Implicit TLS from the first byte.
	Implicit
	// Plain allows connections without TLS too: passwords and content can be read on the way.
	Plain
)

// Config of a server.
type Config struct {
	Mode Mode
	TLS  *tls.Config
	// Address that clients outside reach this server at, for the answer to PASV; "" is the one that they came to.
	PublicAddress string
	// PassivePorts, first and last.
	PassivePorts [2]int
	// IdleTimeout ends a session in which nothing happens.
	IdleTimeout time.Duration
	Banner      string
	Guard       *guard.Guard
	// Open makes the tree of a session.
	Open func(ctx context.Context, account guard.Account, address string) *tree.Tree
	// Audit takes down logins.
	Audit func(address, account, action string, err error)
}

// Server accepts connections.
type Server struct{ config Config }

// New makes a server.
func New(config Config) *Server { return &Server{config} }

// Serve answers connections until the listener is closed.
func (s *Server) Serve(listener net.Listener) error { return accept.Each(listener, s.serve) }

func (s *Server) serve(conn net.Conn) {
	visit, err := s.config.Guard.Admit(conn.RemoteAddr())
	if err != nil {
		if s.config.Mode != Implicit {
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			fmt.Fprintf(conn, "421 %s\r\n", err)
		}
		conn.Close()
		return
	}
	defer visit.End()
	newSession(s, visit, conn).serve()
}

// oneConn is a listener with one connection.
type oneConn struct {
	once sync.Once
	conn net.Conn
	done <-chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	var conn net.Conn
	l.once.Do(func() { conn = l.conn })
	if conn != nil {
		return conn, nil
	}
	<-l.done
	// The library takes exactly this for an orderly end.
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: net.ErrClosed}
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }

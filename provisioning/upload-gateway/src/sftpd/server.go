// Package sftpd lets authors in by SFTP, on golang.org/x/crypto/ssh and github.com/pkg/sftp.
package sftpd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"xwmooc/upload-gateway/accept"
	"xwmooc/upload-gateway/guard"
	"xwmooc/upload-gateway/tree"
)

const (
	// The login takes no longer, from the connection on.
	loginTimeout = 60 * time.Second
	maxAuthTries = 6
	// SFTP sessions over one connection.
	maxChannels = 8
)

// Config of a server.
type Config struct {
	HostKey     ssh.Signer
	IdleTimeout time.Duration
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

func (s *Server) serve(raw net.Conn) {
	defer raw.Close()
	visit, err := s.config.Guard.Admit(raw.RemoteAddr())
	if err != nil {
		return
	}
	defer visit.End()
	_ = raw.SetDeadline(time.Now().Add(loginTimeout))
	conn := &idleConn{Conn: raw}
	secured, channels, requests, err := ssh.NewServerConn(conn, s.login(visit))
	if err != nil {
		return
	}
	defer secured.Close()
	conn.loggedIn(s.config.IdleTimeout)
	account, err := s.enter(visit, secured)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	room := make(chan struct{}, maxChannels)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only SFTP is served here")
			continue
		}
		select {
		case room <- struct{}{}:
		default:
			_ = offered.Reject(ssh.ResourceShortage, "too many sessions on one connection")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			<-room
			continue
		}
		sessions.Add(1)
		go func() {
			defer func() { <-room; sessions.Done() }()
			serveChannel(channel, requests, func() *tree.Tree { return s.config.Open(ctx, account, visit.Address) })
		}()
	}
	// The connection is gone: what is being stored is not what the client wanted to be stored.
	cancel()
}

// accountKey is where the login leaves the account for what comes after.
type accountKey struct{}

func (s *Server) login(visit *guard.Visit) *ssh.ServerConfig {
	done := func(account guard.Account) *ssh.Permissions {
		return &ssh.Permissions{ExtraData: map[any]any{accountKey{}: account}}
	}
	config := &ssh.ServerConfig{
		MaxAuthTries:  maxAuthTries,
		ServerVersion: "SSH-2.0-xwmooc",
		PasswordCallback: func(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			account, err := visit.Password(meta.User(), string(password))
			if err != nil {
				s.config.Audit(visit.Address, meta.User(), "login", err)
				return nil, err
			}
			return done(account), nil
		},
		PublicKeyCallback: func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			account, err := visit.Key(meta.User(), key)
			if err != nil {
				return nil, err
			}
			return done(account), nil
		},
	}
	config.AddHostKey(s.config.HostKey)
	return config
}

func (s *Server) enter(visit *guard.Visit, conn *ssh.ServerConn) (guard.Account, error) {
	account, ok := conn.Permissions.ExtraData[accountKey{}].(guard.Account)
	if !ok {
		return account, guard.ErrRejected
	}
	err := visit.Enter(account)
	s.config.Audit(visit.Address, account.Name, "login", err)
	return account, err
}

func serveChannel(channel ssh.Channel, requests <-chan *ssh.Request, open func() *tree.Tree) {
	defer channel.Close()
	for request := range requests {
		// The payload is the name, with its length before it.
		isSFTP := request.Type == "subsystem" && len(request.Payload) > 4 && string(request.Payload[4:]) == "sftp"
		_ = request.Reply(isSFTP, nil)
		if !isSFTP {
			continue
		}
		go ssh.DiscardRequests(requests)
		handlers := newHandlers(open())
		server := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: handlers, FilePut: handlers, FileCmd: handlers, FileList: handlers})
		if err := server.Serve(); err != nil && !errors.Is(err, io.EOF) {
			slog.Debug("an SFTP session ended", "error", err)
		}
		// Without it, scp takes its session for one that has failed.
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		return
	}
}

// idleConn ends a connection on which nothing comes and nothing goes, after the login.
type idleConn struct {
	net.Conn
	// idle is 0 before the login, which has a limit of its own.
	idle atomic.Int64
}

func (c *idleConn) loggedIn(idle time.Duration) {
	c.idle.Store(int64(idle))
	c.touch()
}

func (c *idleConn) touch() {
	if idle := time.Duration(c.idle.Load()); idle > 0 {
		_ = c.Conn.SetDeadline(time.Now().Add(idle))
	}
}

func (c *idleConn) Read(buffer []byte) (int, error) {
	c.touch()
	return c.Conn.Read(buffer)
}

func (c *idleConn) Write(content []byte) (int, error) {
	c.touch()
	return c.Conn.Write(content)
}

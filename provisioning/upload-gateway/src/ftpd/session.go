package ftpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"xwmooc/upload-gateway/guard"
)

const (
	// A client that has opened a data connection's port has so many seconds to connect to it.
	connectSeconds = 20
	// The library's own time limit does not know of transfers; the one of controlConn does.
	never = 1 << 30
	// For so long an upload without encryption waits for the session to end too: then the client was cut.
	cutGrace = time.Second
)

// session is one client of the library, from its connection to its end.
type session struct {
	server   *Server
	visit    *guard.Visit
	listener net.Listener
	control  *filter
	ctx      context.Context
	cancel   context.CancelFunc

	mu sync.Mutex
	// Transfers, listings and renames that are under way.
	busy    int
	idle    *sync.Cond
	passive *passiveListener
	data    *dataConn
}

func newSession(server *Server, visit *guard.Visit, conn net.Conn) *session {
	s := &session{server: server, visit: visit}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.idle = sync.NewCond(&s.mu)
	s.control = newFilter(s, &controlConn{Conn: conn, began: time.Now(), idle: server.config.IdleTimeout, isBusy: s.isBusy})
	s.listener = &oneConn{conn: s.control, done: s.ctx.Done()}
	return s
}

// serve lets the library talk to the client, and returns when all that was under way has ended.
func (s *session) serve() {
	defer s.cancel()
	go s.control.receive()
	// A server of the library for each connection: only so do its callbacks without a client's context, the one for data
	// connections above all, tell whose they are.
	library := ftpserver.NewFtpServer(s)
	if err := library.Listen(); err == nil {
		_ = library.Serve()
	}
	// Not the filter: what TLS would still have to say might take long.
	s.control.controlConn.Close()
	s.closeData()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy > 0 {
		s.idle.Wait()
	}
}

// GetSettings is of the library's MainDriver, as are those below.
func (s *session) GetSettings() (*ftpserver.Settings, error) {
	config := s.server.config
	return &ftpserver.Settings{
		Listener:                 s.listener,
		Banner:                   config.Banner,
		PassiveTransferPortRange: ftpserver.PortRange{Start: config.PassivePorts[0], End: config.PassivePorts[1]},
		PublicIPResolver:         s.publicAddress,
		IdleTimeout:              never,
		ConnectionTimeout:        connectSeconds,
		// Of a client that says nothing about it; nobody means its file to be changed on the way.
		DefaultTransferType: ftpserver.TransferTypeBinary,
		// All TLS is the filter's and WrapPassiveListener's.
		TLSRequired: ftpserver.ClearOrEncrypted,
		// The server would call out to whatever address a client names.
		DisableActiveMode: true,
	}, nil
}

// publicAddress is the one for PASV. Who comes from this very network is given the address that it came to.
func (s *session) publicAddress(client ftpserver.ClientContext) (string, error) {
	local, ok := client.LocalAddr().(*net.TCPAddr)
	if !ok || local.IP.To4() == nil {
		return "", errors.New("use EPSV over IPv6")
	}
	if s.server.config.PublicAddress != "" && !local.IP.IsLoopback() {
		return s.server.config.PublicAddress, nil
	}
	return local.IP.String(), nil
}

func (s *session) ClientConnected(ftpserver.ClientContext) (string, error) {
	return s.server.config.Banner, nil
}

func (s *session) ClientDisconnected(ftpserver.ClientContext) { s.cancel() }

// GetTLSConfig is asked by FEAT alone, for whether there is TLS.
func (s *session) GetTLSConfig() (*tls.Config, error) { return s.server.config.TLS, nil }

func (s *session) AuthUser(_ ftpserver.ClientContext, name, password string) (ftpserver.ClientDriver, error) {
	account, err := s.visit.Password(name, password)
	if err == nil {
		err = s.visit.Enter(account)
	}
	s.server.config.Audit(s.visit.Address, name, "login", err)
	if err != nil {
		return nil, err
	}
	s.control.loggedIn()
	return &driver{session: s, tree: s.server.config.Open(s.ctx, account, s.visit.Address)}, nil
}

// WrapPassiveListener keeps the data connection to come in sight, below its encryption.
func (s *session) WrapPassiveListener(listener net.Listener) (net.Listener, error) {
	isEncrypted := s.control.isProtected
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passive != nil {
		s.passive.Close()
	}
	s.data = nil
	s.passive = newPassiveListener(listener, ipOf(s.control.RemoteAddr()), func(conn net.Conn) net.Conn {
		data := &dataConn{Conn: conn, idle: s.server.config.IdleTimeout, isEncrypted: isEncrypted}
		s.mu.Lock()
		s.data = data
		s.mu.Unlock()
		// An ABOR that came just before has found nothing to close.
		if s.control.outcome().isAborted.Load() {
			data.Close()
		}
		if isEncrypted {
			return tls.Server(data, s.server.config.TLS)
		}
		return data
	})
	return s.passive, nil
}

// closeData ends the data connection, or the wait for one.
func (s *session) closeData() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passive != nil {
		s.passive.Close()
	}
	if s.data != nil {
		s.data.Close()
	}
}

// isComplete says whether the client meant the end of its data to be the end of the file. The system of a client whose
// process dies ends its connections, too; over TLS, without the message that announces the end. Without TLS such a
// client is known by this, that its session ends as well.
func (s *session) isComplete(upload *outcome) bool {
	s.mu.Lock()
	data := s.data
	s.mu.Unlock()
	switch {
	case data == nil || upload.isAborted.Load():
		return false
	case data.isEncrypted:
		return !data.hasEnded.Load()
	}
	select {
	case <-s.ctx.Done():
		return false
	case <-time.After(cutGrace):
		return !upload.isAborted.Load()
	}
}

// begin notes that something is under way. @returns what ends it
func (s *session) begin() func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy--
		s.control.touch()
		s.idle.Broadcast()
	})
}

func (s *session) isBusy() bool {
	if s.control.outcome().isUnderWay() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy > 0
}

// Site answers SITE commands: SITE STATUS COURSE.
func (d *driver) Site(param string) *ftpserver.AnswerCommand {
	verb, course, _ := strings.Cut(strings.TrimSpace(param), " ")
	if !strings.EqualFold(verb, "STATUS") || course == "" {
		return &ftpserver.AnswerCommand{Code: ftpserver.StatusCommandNotImplemented, Message: "There is only SITE STATUS COURSE"}
	}
	text, err := d.tree.Status(course)
	if err != nil {
		return &ftpserver.AnswerCommand{Code: ftpserver.StatusActionNotTaken, Message: fmt.Sprintf("There is no course %q", course)}
	}
	return &ftpserver.AnswerCommand{Code: ftpserver.StatusOK, Message: strings.TrimSpace(text)}
}

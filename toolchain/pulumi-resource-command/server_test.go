package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os/exec"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// server is an SSH server in this process that really runs the commands it is given, with /bin/sh.
type server struct {
	listener net.Listener
	signer   ssh.Signer
	config   *ssh.ServerConfig

	mu       sync.Mutex
	sessions []session
}

// session is a command that the server was asked to run.
type session struct{ command, stdin string }

// startServer starts one that lets nobody in but the holder of the key.
func startServer(t *testing.T, login ssh.PublicKey) *server {
	t.Helper()
	signer, _ := newKey(t)
	s := &server{signer: signer, config: &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if !bytes.Equal(key.Marshal(), login.Marshal()) {
				return nil, io.EOF
			}
			return nil, nil
		},
	}}
	s.config.AddHostKey(signer)
	s.listen(t, "127.0.0.1:0")
	return s
}

func (s *server) listen(t *testing.T, address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	s.listener = listener
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
}

// startSilent gives the port of a server that takes connections and says nothing.
func startSilent(t *testing.T) float64 {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return float64(listener.Addr().(*net.TCPAddr).Port)
}

func (s *server) port() float64   { return float64(s.listener.Addr().(*net.TCPAddr).Port) }
func (s *server) hostKey() string { return authorized(s.signer.PublicKey()) }

// ran gives the commands run so far.
func (s *server) ran() []session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]session(nil), s.sessions...)
}

func (s *server) serve(conn net.Conn) {
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		switch offered.ChannelType() {
		case "session":
			if channel, requests, err := offered.Accept(); err == nil {
				go s.session(channel, requests)
			}
		case "direct-tcpip": // a proxy's work
			var to struct {
				Host       string
				Port       uint32
				Origin     string
				OriginPort uint32
			}
			_ = ssh.Unmarshal(offered.ExtraData(), &to)
			go pipe(offered, net.JoinHostPort(to.Host, itoa(to.Port)))
		default:
			_ = offered.Reject(ssh.UnknownChannelType, "")
		}
	}
}

func (s *server) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for request := range requests {
		_ = request.Reply(request.Type == "exec", nil) // like sshd, it takes no variables
		if request.Type != "exec" {
			continue
		}
		var exec struct{ Command string }
		_ = ssh.Unmarshal(request.Payload, &exec)
		status := s.run(exec.Command, channel)
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
		return
	}
}

func (s *server) run(command string, channel ssh.Channel) uint32 {
	stdin, _ := io.ReadAll(channel)
	s.mu.Lock()
	s.sessions = append(s.sessions, session{command, string(stdin)})
	s.mu.Unlock()
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), channel, channel.Stderr()
	if err := cmd.Run(); err != nil {
		return uint32(cmd.ProcessState.ExitCode())
	}
	return 0
}

func pipe(offered ssh.NewChannel, address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer conn.Close()
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	go func() { _, _ = io.Copy(conn, channel); conn.Close() }()
	_, _ = io.Copy(channel, conn)
	channel.Close()
}

// newKey makes a key pair; the text is the private one.
func newKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, string(pem.EncodeToMemory(block))
}

func authorized(key ssh.PublicKey) string { return string(ssh.MarshalAuthorizedKey(key)) }

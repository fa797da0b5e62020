package sftpd

import (
	"context"
	"crypto/ed25519"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"xwmooc/upload-gateway/guard"
	"xwmooc/upload-gateway/internal/swifttest"
	"xwmooc/upload-gateway/store"
	"xwmooc/upload-gateway/tree"
)

// cheap is the hash of "right" at the lowest cost that is allowed.
const cheap = "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$Z8GVjjNcq76ru/eIHB92rAbRmImATMp1U544vyJhXE4"

// server is one with the accounts "kim", who has a password, and "lee", who has a key, of the course "pi".
type server struct {
	address string
	swift   *swifttest.Server
	guard   *guard.Guard
	key     ssh.Signer
}

type silent struct{}

func (silent) Announce(string, string)  {}
func (silent) StatusText(string) string { return "live\n" }

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func start(t *testing.T, change func(*Config, *guard.Limits)) *server {
	t.Helper()
	hash, err := guard.ParseHash(cheap)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{swift: swifttest.New(t, "pi", "segments"), key: newSigner(t)}
	credentials := store.Credentials{Auth: "v1", AuthURL: s.swift.AuthURL, Username: swifttest.User, APIKey: swifttest.Key}
	swift := store.New(credentials, "segments")
	folders := &tree.Folders{}
	limits := guard.Limits{Sessions: 200, SessionsPerAddress: 200, SessionsPerAccount: 200, Failures: 3, BanSeconds: 60}
	config := Config{
		HostKey: newSigner(t), IdleTimeout: 20 * time.Second,
		Open: func(ctx context.Context, _ guard.Account, _ string) *tree.Tree {
			return &tree.Tree{
				Store: swift, Folders: folders, Publisher: silent{}, Courses: []tree.Course{{Name: "pi", Container: "pi"}}, Context: ctx,
				Rights: tree.Rights{Read: true, Upload: true, Delete: true}, Audit: func(string, string, error, ...any) {},
			}
		},
		Audit: func(string, string, string, error) {},
	}
	if change != nil {
		change(&config, &limits)
	}
	s.guard = guard.New(limits, []guard.Account{{Name: "kim", Password: &hash}, {Name: "lee", Keys: []ssh.PublicKey{s.key.PublicKey()}}})
	config.Guard = s.guard
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	var served sync.WaitGroup
	served.Go(func() {
		if err := New(config).Serve(listener); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		listener.Close()
		served.Wait()
		s.allGone(t)
	})
	return s
}

// allGone waits for the end of all sessions: then nothing more is stored.
func (s *server) allGone(t *testing.T) {
	t.Helper()
	for range 500 {
		if s.guard.Sessions() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("sessions are left")
}

func (s *server) holds(t *testing.T, name, want string) {
	t.Helper()
	if got, ok := s.swift.Content("pi", name); !ok || got != want {
		t.Fatalf("the store has %d bytes %.40q (%v) of %s, want %d: %.40q", len(got), got, ok, name, len(want), want)
	}
}

// connection is one of a client, and what is below its encryption.
type connection struct {
	*ssh.Client
	raw net.Conn
}

func (s *server) dial(t *testing.T, user string, auth ...ssh.AuthMethod) (connection, error) {
	t.Helper()
	raw, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	config := &ssh.ClientConfig{User: user, Auth: auth, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	conn, channels, requests, err := ssh.NewClientConn(raw, s.address, config)
	if err != nil {
		return connection{}, err
	}
	return connection{ssh.NewClient(conn, channels, requests), raw}, nil
}

func (s *server) login(t *testing.T) connection {
	t.Helper()
	conn, err := s.dial(t, "kim", ssh.Password("right"))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (c connection) sftp(t *testing.T, options ...sftp.ClientOption) *sftp.Client {
	t.Helper()
	client, err := sftp.NewClient(c.Client, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

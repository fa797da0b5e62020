package ftpd

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"xwmooc/upload-gateway/guard"
	"xwmooc/upload-gateway/internal/swifttest"
	"xwmooc/upload-gateway/store"
	"xwmooc/upload-gateway/tree"
)

// cheap is the hash of "right" at the lowest cost that is allowed.
const cheap = "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$Z8GVjjNcq76ru/eIHB92rAbRmImATMp1U544vyJhXE4"

// server is one with the account "kim" of the course "pi".
type server struct {
	address string
	swift   *swifttest.Server
	guard   *guard.Guard
}

type silent struct{}

func (silent) Announce(string, string) {}
func (silent) StatusText(c string) string {
	return "live: all that is stored of " + c + "\nlast publication: never\n"
}

func start(t *testing.T, change func(*Config, *guard.Limits)) *server {
	t.Helper()
	return startAt(t, "127.0.0.1:0", change)
}

func startAt(t *testing.T, address string, change func(*Config, *guard.Limits)) *server {
	t.Helper()
	hash, err := guard.ParseHash(cheap)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{swift: swifttest.New(t, "pi", "segments")}
	credentials := store.Credentials{Auth: "v1", AuthURL: s.swift.AuthURL, Username: swifttest.User, APIKey: swifttest.Key}
	swift := store.New(credentials, "segments")
	folders := &tree.Folders{}
	limits := guard.Limits{Sessions: 200, SessionsPerAddress: 200, SessionsPerAccount: 200, Failures: 3, BanSeconds: 60}
	config := Config{
		TLS: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate(t)}}, IdleTimeout: 20 * time.Second, Banner: "test",
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
	s.guard = guard.New(limits, []guard.Account{{Name: "kim", Password: &hash}})
	config.Guard = s.guard
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip(err)
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

var certificate = func() func(*testing.T) tls.Certificate {
	made := sync.OnceValues(func() (tls.Certificate, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return tls.Certificate{}, err
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
		text, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		return tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key}, err
	})
	return func(t *testing.T) tls.Certificate {
		t.Helper()
		one, err := made()
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
}()

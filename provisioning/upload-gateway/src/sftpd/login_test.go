package sftpd

import (
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"xwmooc/upload-gateway/guard"
)

func TestLoginByPasswordAndByKey(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for user, auth := range map[string]ssh.AuthMethod{"kim": ssh.Password("right"), "lee": ssh.PublicKeys(newSigner(t), s.key)} {
		conn, err := s.dial(t, user, auth)
		if err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		if infos, err := conn.sftp(t).ReadDir("/"); err != nil || len(infos) != 1 || infos[0].Name() != "pi" || !infos[0].IsDir() {
			t.Errorf("%s sees %v, %v", user, infos, err)
		}
	}
	for user, auth := range map[string]ssh.AuthMethod{
		"kim": ssh.PublicKeys(s.key), "nobody": ssh.PublicKeys(s.key), "lee": ssh.PublicKeys(newSigner(t)),
	} {
		if _, err := s.dial(t, user, auth); err == nil {
			t.Errorf("%s was let in", user)
		}
	}
}

func TestWrongPasswordsAreBanned(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	tries := 0
	again := ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) { tries++; return "wrong", nil }), 3)
	began := time.Now()
	if _, err := s.dial(t, "kim", again); err == nil {
		t.Fatal("a wrong password was taken")
	}
	if took := time.Since(began); tries != 3 || took < 3*time.Second {
		t.Errorf("%d tries took %v", tries, took)
	}
	if _, err := s.dial(t, "kim", ssh.Password("right")); err == nil || s.guard.Banned() != 1 {
		t.Errorf("%v, and %d are banned", err, s.guard.Banned())
	}
}

func TestSessionsAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *Config, l *guard.Limits) { l.SessionsPerAccount = 1 })
	first := s.login(t)
	// A client has its answer a moment before its session counts.
	first.sftp(t)
	second, err := s.dial(t, "kim", ssh.Password("right"))
	if err == nil {
		if _, err = second.NewSession(); err == nil {
			t.Error("a second session was opened")
		}
	}
	first.Close()
	s.allGone(t)
	s.login(t).sftp(t)
}

func TestThereIsNothingButSFTP(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	conn := s.login(t)
	session, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err == nil {
		t.Error("there is a shell")
	}
	if err := session.Run("id"); err == nil {
		t.Error("commands are run")
	}
	if err := session.RequestPty("xterm", 80, 40, nil); err == nil {
		t.Error("there is a terminal")
	}
	if err := session.RequestSubsystem("netconf"); err == nil {
		t.Error("there is another subsystem")
	}
	for _, kind := range []string{"direct-tcpip", "forwarded-tcpip", "x11", "auth-agent@openssh.com"} {
		if _, _, err := conn.OpenChannel(kind, nil); err == nil {
			t.Errorf("there is %s", kind)
		}
	}
	if _, err := conn.Listen("tcp", "127.0.0.1:0"); err == nil {
		t.Error("ports are forwarded")
	}
	conn.sftp(t)
}

func TestChannelsAreLimited(t *testing.T) {
	t.Parallel()
	conn := start(t, nil).login(t)
	opened := 0
	for range maxChannels + 5 {
		if _, _, err := conn.OpenChannel("session", nil); err == nil {
			opened++
		}
	}
	if opened != maxChannels {
		t.Errorf("%d were opened", opened)
	}
}

func TestSilentSessionEnds(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config, _ *guard.Limits) { c.IdleTimeout = 300 * time.Millisecond })
	conn := s.login(t)
	conn.sftp(t)
	if err := conn.Wait(); err == nil {
		t.Error("the session ended by itself")
	}
	s.allGone(t)
}

func TestSessionEndsWithAStatusOfSuccess(t *testing.T) {
	t.Parallel()
	channel, requests, err := start(t, nil).login(t).OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"})); err != nil || !ok {
		t.Fatalf("got %v, %v", ok, err)
	}
	if err := channel.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	request, ok := <-requests
	if !ok || request.Type != "exit-status" || string(request.Payload) != "\x00\x00\x00\x00" {
		t.Errorf("it ended by %+v", request)
	}
}

package ftpd

import (
	"errors"
	"strings"
	"testing"

	"xwmooc/upload-gateway/guard"
)

func TestWhatIsServedInClear(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil).address)
	c.wantsReply(220)
	features := c.wants(211, "FEAT")
	for _, feature := range []string{" AUTH TLS\r\n", " PBSZ\r\n", " PROT\r\n", " UTF8\r\n"} {
		if !strings.Contains(features, feature) {
			t.Errorf("there is no %q in %q", feature, features)
		}
	}
	c.wants(200, "NOOP")
	c.wants(200, "OPTS UTF8 ON")
	for _, command := range []string{"PASS right", "CWD /pi", "PBSZ 0", "PROT P", "EPSV", "STOR /pi/a", "SITE STATUS pi", "ABOR", "NONSENSE", "TYPE I"} {
		c.wants(530, "%s", command)
	}
	c.wants(504, "AUTH KERBEROS_V4")
	c.wants(504, "AUTH")
	c.encrypt()
	c.wants(503, "AUTH TLS")
	c.wants(331, "USER kim")
	c.wants(230, "PASS right")
	c.wants(503, "AUTH TLS")
	c.wants(221, "QUIT")
	c = connect(t, start(t, nil).address)
	c.wantsReply(220)
	c.wants(221, "QUIT")
}

func TestOldNameOfAUTH(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address)
	c.wantsReply(220)
	c.wants(234, "auth ssl")
	c.useTLS()
	c.wants(331, "USER kim")
	c.wants(230, "PASS right")
	c.wants(200, "PROT P")
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Error(text)
	}
}

func TestCommandsBehindAUTHAreNotServed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address)
	c.wantsReply(220)
	c.sends("AUTH TLS\r\nUSER kim\r\nPASS right\r\nMKD /pi/a\r\n")
	c.wantsReply(503)
	if _, text, err := c.reply(); !errors.Is(err, errClosed) || text != "" {
		t.Errorf("the session goes on by %q, %v", text, err)
	}
	s.allGone(t)
	// What comes later is taken for TLS.
	c = connect(t, s.address)
	c.wantsReply(220)
	c.wants(234, "AUTH TLS")
	c.sends("USER kim\r\nPASS right\r\n")
	if code, _, err := c.reply(); !errors.Is(err, errClosed) || code != 0 {
		t.Errorf("the session goes on by %d, %v", code, err)
	}
}

func TestEncryptionIsAChoiceInModePlain(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config, _ *guard.Limits) { c.Mode = Plain })
	c := connect(t, s.address).loginInClear()
	c.wants(503, "PROT P")
	c.wants(503, "PBSZ 0")
	c.wants(503, "AUTH TLS")
	if code, text := c.stores("/pi/clear", []byte("x")); code != 226 {
		t.Error(text)
	}
	c = connect(t, s.address).login()
	if code, text := c.stores("/pi/encrypted", []byte("x")); code != 226 {
		t.Error(text)
	}
	c.wants(200, "PROT C")
	c.isPlain = true
	if code, text := c.stores("/pi/mixed", []byte("x")); code != 226 {
		t.Error(text)
	}
	for _, name := range []string{"clear", "encrypted", "mixed"} {
		s.holds(t, name, "x")
	}
}

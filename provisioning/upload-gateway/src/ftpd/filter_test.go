package ftpd

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"xwmooc/upload-gateway/internal/swifttest"
	"xwmooc/upload-gateway/store"
	"xwmooc/upload-gateway/tree"
)

func TestASCIIChangesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	content := "one\r\ntwo\nthree\rfour\r\r\n\n\xff\x00"
	for i, command := range []string{"TYPE A", "type a n", "TYPE AN", "TYPE I", "TYPE L 8"} {
		c.wants(200, "%s", command)
		name := fmt.Sprint(i)
		if code, text := c.stores("/pi/"+name, []byte(content)); code != 226 {
			t.Fatal(text)
		}
		s.holds(t, name, content)
		if got := c.reads("RETR /pi/%s", name); got != content {
			t.Errorf("after %s: %q", command, got)
		}
		c.wants(213, "SIZE /pi/%s", name)
		c.wants(350, "REST 4")
		if got := c.reads("RETR /pi/%s", name); got != content[4:] {
			t.Errorf("after %s from 4: %q", command, got)
		}
	}
	c.wants(504, "TYPE E")
	c.wants(504, "TYPE")
}

func TestCommandsWaitForTheTransferAndKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	data := c.passive()
	c.wants(150, "STOR /pi/a")
	c.sends("NONSENSE\r\nNOOP\r\nTYPE A\r\nSTAT\r\nPWD\r\nRETR /pi/none\r\nMKD /pi/b\r\n")
	if _, err := data.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	data.Close()
	for _, code := range []int{226, 502, 200, 200, 502, 257, 550, 257} {
		c.wantsReply(code)
	}
	s.holds(t, "a", "content")
}

// The library alone loses replies to these, or panics.
func TestRepliesAfterRefusedTransfers(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil).address).login()
	const times = 200
	go c.sends(strings.Repeat("RETR /pi/none\r\nNONSENSE\r\nMLSD /pi\r\nABOR\r\nSTOR /pi/a\r\nSTAT\r\nLIST\r\n\r\nNOOP\r\n", times))
	for range times {
		// Of these, an ABOR that is read ahead may end the one before it already.
		for _, code := range []int{550, 502, 0, 226, 550, 502, 550, 502, 200} {
			if got, text, err := c.reply(); err != nil || code != 0 && got != code && got != 426 {
				t.Fatalf("the reply is %q, %v, want %d", text, err, code)
			}
		}
	}
}

var aborts = map[string]string{
	"alone":                  "ABOR\r\n",
	"with signals":           "\xff\xf4\xf2ABOR\r\n",
	"with marked signals":    "\xff\xf4\xff\xf2abor\r\n",
	"behind another command": "NOOP\r\nABOR\r\n",
}

func TestAbortedTransfers(t *testing.T) {
	t.Parallel()
	for name, abort := range aborts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			s.swift.Put("pi", "a", string(random(8, 20<<20)))
			c := connect(t, s.address).login()
			for _, command := range []string{"RETR /pi/a", "STOR /pi/a"} {
				c.passive()
				c.wants(150, "%s", command)
				c.sends(abort)
				c.wantsReply(426)
				if strings.HasPrefix(abort, "NOOP") {
					c.wantsReply(200)
				}
				c.wantsReply(226)
			}
			s.holds(t, "a", string(random(8, 20<<20)))
			// Nobody connects, and nobody waits for it.
			c.wants(229, "EPSV")
			began := time.Now()
			c.sends("STOR /pi/a\r\n" + abort)
			c.wantsReply(426)
			if took := time.Since(began); took > connectSeconds*time.Second/2 {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestAbortOfNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address)
	c.wantsReply(220)
	c.wants(530, "ABOR")
	c.encrypt()
	c.wants(530, "ABOR")
	c.wants(331, "USER kim")
	c.wants(230, "PASS right")
	c.wants(200, "PROT P")
	c.wants(226, "ABOR")
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Errorf("afterwards: %s", text)
	}
}

func TestErrorsThatMayPass(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"SIZE /pi/a", "MDTM /pi/a", "MFMT 20140506070809 /pi/a", "CWD /pi/b", "MKD /pi/b", "RMD /pi/b", "DELE /pi/a", "RNFR /pi/a", "MLST /pi/a",
		"MLSD /pi", "LIST /pi", "LIST -la", "NLST /pi", "RETR /pi/a", "STOR /pi/b/a",
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			s.swift.Put("pi", "a", "old")
			c := connect(t, s.address).login()
			c.wants(250, "CWD /pi")
			s.swift.Break(func(*http.Request) swifttest.Fault { return swifttest.Fault{Status: http.StatusServiceUnavailable} })
			c.passive()
			if text := c.wants(451, "%s", command); !strings.Contains(text, "try again later") {
				t.Errorf("the words are %q", text)
			}
			s.swift.Break(nil)
			c.wants(550, "SIZE /pi/none")
		})
	}
}

func TestErrorsThatStay(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old")
	c := connect(t, s.address).login()
	c.passive()
	for _, command := range []string{
		"SIZE /pi/none", "CWD /none", "MKD /pi/a", "RMD /pi/none", "DELE /pi/none", "RETR /pi/none", "LIST /pi/none", "NLST /pi/none", "MLSD /pi/none",
		"MLSD /pi/a", "STOR /pi/a/b", "APPE /pi/a", "MKD /none", "MLST /pi/none",
	} {
		c.wants(550, "%s", command)
	}
	s.swift.Break(onPut(swifttest.Fault{Status: http.StatusRequestEntityTooLarge}))
	c.wants(552, "MKD /pi/b")
}

func TestMeaningOfErrors(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{
		store.Unavailable{Cause: errors.New("503")}: 451,
		tree.ErrBusy:     451,
		store.ErrFull:    552,
		tree.ErrTooLarge: 552,
		tree.ErrBadName:  553,
		errors.New("a file of this name is there"): 550,
	} {
		o := newOutcome("STOR")
		_ = o.note(err)
		if got := o.translated(550, "550-one\r\n550 two\r\n"); got != fmt.Sprintf("%d-one\r\n%d two\r\n", want, want) {
			t.Errorf("%v: %q", err, got)
		}
	}
}

func TestCutUploadMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for name, cut := range cuts {
		if strings.HasPrefix(name, "data connection") {
			c := connect(t, s.address).login()
			data := c.passive()
			c.wants(150, "STOR /pi/a")
			if _, err := data.Write([]byte("half of")); err != nil {
				t.Fatal(err)
			}
			cut(c, data)
			c.wantsReply(426)
		}
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil).address).login()
	c.wants(500, "SIZE /%s", strings.Repeat("a", 5000))
	c.wants(553, "SIZE /%s", strings.Repeat("a", 4000))
	for _, size := range []int{maxLine, 100_000} {
		c := connect(t, start(t, nil).address).login()
		c.wants(500, "SIZE /%s", strings.Repeat("a", size))
		if _, _, err := c.try("NOOP"); !errors.Is(err, errClosed) {
			t.Errorf("after %d bytes the session goes on: %v", size, err)
		}
	}
}

func TestOddLines(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil).address).login()
	for line, code := range map[string]int{
		"\r\n": 502, "\n": 502, "\r\r\n": 502, " NOOP\r\n": 502, "NO\x00OP\r\n": 502, "NOOP\rNOOP\r\n": 502, "NOOP\n": 200, "noop \r\r\n": 200,
		"\xff\xff\xff\r\n": 502, "CWD /p\x00i\r\n": 553, "CWD /p\ri\r\n": 553, "SIZE\r\n": 550, "PORT 127,0,0,1,0,22\r\n": 502, "USER lee\r\n": 503,
		"PASS right\r\n": 503,
	} {
		c.sends(line)
		if got, text, err := c.reply(); err != nil || got != code {
			t.Errorf("%q: %q, %v, want %d", line, text, err, code)
		}
	}
	c.wants(200, "NOOP")
}

package ftpd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"xwmooc/upload-gateway/guard"
	"xwmooc/upload-gateway/internal/swifttest"
)

func random(seed byte, size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content)
	return content
}

func onPut(fault swifttest.Fault) func(*http.Request) swifttest.Fault {
	return func(r *http.Request) swifttest.Fault {
		if r.Method == http.MethodPut {
			return fault
		}
		return swifttest.Fault{}
	}
}

func TestUploadsAreStoredAsTheyAre(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	for name, size := range map[string]int{"empty": 0, "one": 1, "two": 2, "한글 파일.html": 70_000, "large": 17 << 20} {
		content := random(1, size)
		if code, text := c.stores("/pi/"+name, content); code != 226 {
			t.Fatalf("%s: %s", name, text)
		}
		s.holds(t, name, string(content))
		if got := c.reads("RETR /pi/%s", name); got != string(content) {
			t.Errorf("%s: %d bytes are read, or others", name, len(got))
		}
	}
}

func TestSuccessComesAfterTheObjectIsStored(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config, _ *guard.Limits) { c.IdleTimeout = 300 * time.Millisecond })
	c := connect(t, s.address).login()
	s.swift.Break(onPut(swifttest.Fault{Delay: time.Second}))
	began := time.Now()
	if code, text := c.stores("/pi/a", []byte("new")); code != 226 {
		t.Fatal(text)
	}
	s.holds(t, "a", "new")
	if took := time.Since(began); took < time.Second {
		t.Errorf("took %v", took)
	}
}

func TestStoreThatFailsIsSaidInWords(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		swifttest.Fault
		code  int
		words string
	}{
		"503":        {swifttest.Fault{Status: 503}, 451, "try again later"},
		"reset":      {swifttest.Fault{Reset: true}, 451, "try again later"},
		"wrong etag": {swifttest.Fault{Status: 422}, 451, "try again later"},
		"quota":      {swifttest.Fault{Status: 413}, 552, "quota"},
		"full":       {swifttest.Fault{Status: 507}, 552, "quota"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			s.swift.Put("pi", "a", "old")
			c := connect(t, s.address).login()
			s.swift.Break(onPut(fault.Fault))
			if code, text := c.stores("/pi/a", []byte("new")); code != fault.code || !strings.Contains(text, fault.words) {
				t.Errorf("the answer is %q", text)
			}
			s.holds(t, "a", "old")
			s.swift.Break(nil)
			if code, text := c.stores("/pi/a", []byte("new")); code != 226 {
				t.Errorf("afterwards: %s", text)
			}
		})
	}
}

func TestWrongMD5IsNoSuccess(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	s.swift.Break(onPut(swifttest.Fault{WrongEtag: true}))
	if code, text := c.stores("/pi/a", []byte("new")); code < 400 {
		t.Errorf("the answer is %q", text)
	}
}

// A cut is how a client ends that should not have ended.
var cuts = map[string]func(*client, data){
	"data connection closed without close_notify": func(_ *client, d data) { d.raw.Close() },
	"data connection reset": func(_ *client, d data) {
		_ = d.raw.SetLinger(0)
		d.raw.Close()
	},
	"process death": func(c *client, d data) {
		d.raw.Close()
		c.raw.Close()
	},
	"process death while a command waits": func(c *client, d data) {
		fmt.Fprint(c.conn, "NOOP\r\n")
		d.raw.Close()
		c.raw.Close()
	},
	"control connection closed": func(c *client, _ data) { c.raw.Close() },
}

func TestClientThatIsCutLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	for name, cut := range cuts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			s.swift.Put("pi", "a", "old")
			content := random(2, 300_000)
			points := rand.New(rand.NewChaCha8([32]byte{3}))
			for i := range 20 {
				c := connect(t, s.address).login()
				data := c.passive()
				c.wants(150, "STOR /pi/a")
				// Also after nothing, and at the end of all.
				at := []int{0, len(content), points.IntN(len(content))}[min(i, 2)]
				if _, err := data.Write(content[:at]); err != nil {
					t.Fatal(err)
				}
				cut(c, data)
				if code, text, err := c.reply(); err == nil && code < 400 && !strings.HasPrefix(text, "200") {
					t.Errorf("cut after %d bytes: %s", at, text)
				}
				c.raw.Close()
				s.allGone(t)
				s.holds(t, "a", "old")
			}
		})
	}
}

func TestLargeUploadThatIsCutLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old")
	c := connect(t, s.address).login()
	data := c.passive()
	c.wants(150, "STOR /pi/a")
	if _, err := data.Write(random(4, 20<<20)); err != nil {
		t.Fatal(err)
	}
	data.raw.Close()
	if code, text, err := c.reply(); err != nil || code < 400 {
		t.Errorf("the answer is %q, %v", text, err)
	}
	s.holds(t, "a", "old")
}

func TestUploadThatStallsEnds(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config, _ *guard.Limits) { c.IdleTimeout = 500 * time.Millisecond })
	s.swift.Put("pi", "a", "old")
	c := connect(t, s.address).login()
	data := c.passive()
	c.wants(150, "STOR /pi/a")
	if _, err := data.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if code, text, err := c.reply(); err != nil || code < 400 {
		t.Errorf("the answer is %q, %v", text, err)
	}
	s.holds(t, "a", "old")
}

func TestAbortedUploadLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old")
	c := connect(t, s.address).login()
	data := c.passive()
	c.wants(150, "STOR /pi/a")
	if _, err := data.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	c.wants(426, "ABOR")
	c.wantsReply(226)
	c.wants(200, "NOOP")
	s.holds(t, "a", "old")
}

func TestUploadWithoutDataConnectionLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old")
	c := connect(t, s.address).login()
	c.wants(550, "STOR /pi/a")
	for _, offset := range []string{"5", "-5"} {
		c.wants(350, "REST %s", offset)
		c.wants(550, "STOR /pi/a")
	}
	s.holds(t, "a", "old")
}

func TestUploadsAreNotResumed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old")
	c := connect(t, s.address).login()
	for _, prepare := range []string{"", "REST 2", "REST -2"} {
		verb := "STOR"
		if prepare == "" {
			verb = "APPE"
		} else {
			c.wants(350, "%s", prepare)
		}
		c.passive()
		if text := c.wants(550, "%s /pi/a", verb); !strings.Contains(text, "upload the whole file again") {
			t.Errorf("the words are %q", text)
		}
		s.holds(t, "a", "old")
	}
	if code, text := c.stores("/pi/a", []byte("new")); code != 226 {
		t.Errorf("afterwards: %s", text)
	}
}

func TestPlainUploads(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config, _ *guard.Limits) { c.Mode = Plain })
	s.swift.Put("pi", "a", "old")
	c := connect(t, s.address).loginInClear()
	data := c.passive()
	c.wants(150, "STOR /pi/a")
	fmt.Fprint(data, "half of")
	data.Close()
	c.raw.Close()
	s.allGone(t)
	s.holds(t, "a", "old")
	// Nobody has said a type: nothing is changed on the way.
	if code, text := connect(t, s.address).loginInClear().stores("/pi/a", []byte("new\r\nlines\n")); code != 226 {
		t.Error(text)
	}
	s.holds(t, "a", "new\r\nlines\n")
}

func TestHundredSessionsAtATime(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	clients := make([]*client, 100)
	for i := range clients {
		clients[i] = connect(t, s.address).login()
	}
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			for j := range 3 {
				content := random(byte(i), 10_000*j+i)
				code, text := c.stores(fmt.Sprintf("/pi/%d/%d", i, j), content)
				if got, _ := s.swift.Content("pi", fmt.Sprintf("%d/%d", i, j)); code != 226 || !bytes.Equal([]byte(got), content) {
					t.Errorf("%d/%d: %s", i, j, text)
				}
			}
		})
	}
	all.Wait()
	if got := len(s.swift.Names("pi")); got != 300 {
		t.Errorf("%d files were stored", got)
	}
}

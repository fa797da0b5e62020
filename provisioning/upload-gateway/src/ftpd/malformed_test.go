package ftpd

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"xwmooc/upload-gateway/guard"
)

// Not among them is PASS, which is answered late on purpose, and what opens a port: a transfer would wait for somebody to
// connect to it.
var verbs = strings.Fields(`USER AUTH PROT PBSZ CLNT FEAT SYST NOOP OPTS QUIT ABOR AVBL STAT SIZE MDTM MFMT RETR STOR APPE DELE RNFR
	RNTO ALLO REST SITE HASH XCRC MD5 XSHA256 COMB CWD PWD XCWD CDUP NLST LIST MLSD MLST MKD RMD XMKD XRMD TYPE MODE STRU PORT EPRT REIN
	ACCT SMNT STOU HOST LANG XRSQ THMB`)

// ports open one.
var ports = strings.Fields("EPSV PASV EPSV PASV LPSV SPSV NOOP PWD SIZE FEAT TYPE")

// malformed makes a command that is not quite one.
func malformed(r *rand.Rand, verbs []string) string {
	verb := verbs[r.IntN(len(verbs))]
	switch r.IntN(12) {
	case 0:
		verb = strings.ToLower(verb)
	case 1:
		verb = noise(r, r.IntN(8))
	case 2:
		verb += noise(r, 1)
	}
	params := []string{
		"", " ", " /", " /pi", " /pi/none", " ../../..", " -la", " " + noise(r, r.IntN(30)), " " + noise(r, 500), " 99999999999999999999", " -1",
		" " + strings.Repeat("../", 300), " TLS", " P", " I", " A", " STATUS", " CHMOD", " 127,0,0,1,0,22", " |1|127.0.0.1|22|", " \"", " 2 /pi/none",
		" %s%n%x", strings.Repeat(" ", 100), " /pi/" + strings.Repeat("한", 400),
	}
	if r.IntN(500) == 0 {
		return verb + " " + noise(r, 10_000)
	}
	return verb + params[r.IntN(len(params))]
}

// noise is any bytes but the end of a line.
func noise(r *rand.Rand, size int) string {
	bytes := make([]byte, size)
	for i := range bytes {
		if bytes[i] = byte(r.UintN(256)); bytes[i] == '\n' {
			bytes[i] = 0
		}
	}
	return string(bytes)
}

// use is what this process has of what could leak.
type use struct {
	heap              uint64
	goroutines, files int
}

func used(t *testing.T) use {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return use{memory.HeapAlloc, runtime.NumGoroutine(), len(files)}
}

// TestMalformedCommands is not parallel: it looks at what the process uses.
func TestMalformedCommands(t *testing.T) {
	s := start(t, func(_ *Config, l *guard.Limits) { l.Failures = 1 << 20 })
	s.swift.Put("pi", "kept", "old")
	r := rand.New(rand.NewChaCha8([32]byte{5}))
	c := connect(t, s.address).login()
	before := used(t)
	logins := 0
	for range 10_000 {
		command := malformed(r, verbs)
		code, text, err := c.tries(command, time.Second)
		isEnd := code == 221 || len(command) > maxLine
		if err != nil && !isEnd {
			t.Fatalf("%q: %v", command, err)
		}
		if isEnd {
			if code != 221 && code != 500 {
				t.Errorf("%.20q…: %q", command, text)
			}
			c.raw.Close()
			c = connect(t, s.address).login()
			logins++
		}
	}
	after := used(t)
	t.Logf("%d logins, before %+v, after %+v", logins, before, after)
	if after.heap > before.heap+32<<20 || after.goroutines > before.goroutines+50 || after.files > before.files+50 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	s.holds(t, "kept", "old")
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Errorf("afterwards: %s", text)
	}
}

func TestPortsThatNobodyUsesAreClosed(t *testing.T) {
	s := start(t, nil)
	c := connect(t, s.address).login()
	before := used(t)
	r := rand.New(rand.NewChaCha8([32]byte{6}))
	for range 2000 {
		if _, _, err := c.try(malformed(r, ports)); err != nil {
			c.raw.Close()
			c = connect(t, s.address).login()
		}
	}
	after := used(t)
	if after.goroutines > before.goroutines+20 || after.files > before.files+20 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if code, text := c.stores("/pi/a", []byte("x")); code != 226 {
		t.Errorf("afterwards: %s", text)
	}
}

func TestNoiseInsteadOfTLS(t *testing.T) {
	s := start(t, func(_ *Config, l *guard.Limits) { l.Failures = 1 << 20 })
	r := rand.New(rand.NewChaCha8([32]byte{7}))
	for range 50 {
		c := connect(t, s.address)
		c.wantsReply(220)
		c.wants(234, "AUTH TLS")
		fmt.Fprint(c.raw, noise(r, 1000))
		c.raw.Close()
	}
	for range 20 {
		c := connect(t, s.address).login()
		data := c.passive()
		c.wants(150, "STOR /pi/a")
		fmt.Fprint(data.raw, noise(r, 1000))
		data.raw.Close()
		if code, text, err := c.reply(); err != nil || code < 400 {
			t.Errorf("the answer is %q, %v", text, err)
		}
		c.raw.Close()
	}
	s.allGone(t)
	if _, ok := s.swift.Content("pi", "a"); ok {
		t.Error("noise was stored")
	}
}

package site

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// publisher stands for the one on the server.
type publisher struct {
	socket string

	mu        sync.Mutex
	announced map[string][][]string
	status    string
	asked     int
	delay     time.Duration
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{socket: filepath.Join(t.TempDir(), "control.sock"), announced: map[string][][]string{}}
	listener, err := net.Listen("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: p}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return p
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	time.Sleep(delay)
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/status" {
		p.asked++
		fmt.Fprint(w, p.status)
		return
	}
	var objects []string
	text, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(text, &objects); err != nil {
		w.WriteHeader(http.StatusConflict)
		return
	}
	p.announced[r.Method+" "+r.URL.EscapedPath()] = append(p.announced[r.Method+" "+r.URL.EscapedPath()], objects)
}

func (p *publisher) says(courses string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = `{"version": 1, "courses": [` + courses + `]}`
}

func TestAnnouncementsAreBatched(t *testing.T) {
	p := newPublisher(t)
	site := New(p.socket)
	want := []string{}
	for i := range 50 {
		want = append(want, fmt.Sprintf("html/한글 %d", i))
		site.Announce("rur ple", want[i])
	}
	site.Announce("pi", "index.html")
	const first, second = "POST /courses/rur%20ple/announce", "POST /courses/pi/announce"
	for range 100 {
		p.mu.Lock()
		got, other := p.announced[first], p.announced[second]
		p.mu.Unlock()
		if len(got) > 0 && len(other) > 0 {
			if len(got) > 5 || !slices.Equal(slices.Concat(got...), want) || !slices.Equal(other[0], []string{"index.html"}) {
				t.Errorf("%d batches: %q, %q", len(got), got, other)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("announced were %q", p.announced)
}

func TestAnnouncingDoesNotWait(t *testing.T) {
	p := newPublisher(t)
	p.delay = 300 * time.Millisecond
	site := New(p.socket)
	began := time.Now()
	for range 100 {
		site.Announce("pi", "a")
		time.Sleep(time.Millisecond / 2)
	}
	if took := time.Since(began); took > 250*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func TestStatusText(t *testing.T) {
	for _, one := range []struct{ status, want string }{
		{`"state":"current","lagSeconds":0.5,"lastPublication":{"at":"2026-01-02T03:04:05Z"}`, "live: all that is stored is on the site\nlast publication: 2026-01-02T03:04:05Z\n"},
		{`"state":"current","lagSeconds":0.5,"heldDeletions":7`, "held: 7 deletions wait for an operator's approval; everything else is live\nlast publication: never\n"},
		{`"state":"publishing","lagSeconds":9,"lastPublication":null`, "pending (publishing): what was stored last is not on the site yet\nlast publication: never\n"},
		{`"state":"current","lagSeconds":null`, "pending (current): what was stored last is not on the site yet\nlast publication: never\n"},
		{
			`"state":"outage","lagSeconds":99,"heldDeletions":2,"lastError":{"message":"the store is away"}`,
			"pending (outage): what was stored last is not on the site yet\nheld: 2 deletions wait for an operator's approval\nlast publication: never\nlast error: the store is away\n",
		},
	} {
		p := newPublisher(t)
		p.says(`{"name":"pi",` + one.status + `}`)
		if got := New(p.socket).StatusText("pi"); got != one.want {
			t.Errorf("%s gives %q, want %q", one.status, got, one.want)
		}
	}
}

func TestWhatWasStoredSinceThePublisherLookedIsPending(t *testing.T) {
	p := newPublisher(t)
	site := New(p.socket)
	p.says(`{"name":"pi","state":"current","lagSeconds":0.2}`)
	site.Announce("pi", "index.html")
	if got := site.StatusText("pi"); !strings.HasPrefix(got, "pending") {
		t.Errorf("it is %q", got)
	}
	time.Sleep(statusMemory + 250*time.Millisecond)
	if got := site.StatusText("pi"); !strings.HasPrefix(got, "live") {
		t.Errorf("later it is %q", got)
	}
}

func TestStatusIsAskedForOnceForAllCourses(t *testing.T) {
	p := newPublisher(t)
	site := New(p.socket)
	p.says(`{"name":"pi","state":"current"},{"name":"book","state":"current"}`)
	for range 20 {
		site.StatusText("pi")
		site.StatusText("book")
	}
	if got := site.StatusText("none"); !strings.HasPrefix(got, "unknown") || p.asked != 1 {
		t.Errorf("%q after %d questions", got, p.asked)
	}
}

func TestSilentPublisherHoldsUpNobodyForLong(t *testing.T) {
	p := newPublisher(t)
	p.delay = 2 * timeout
	site := New(p.socket)
	began := time.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got := site.StatusText("pi"); !strings.HasPrefix(got, "unknown: the publisher does not answer") {
				t.Errorf("it is %q", got)
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took > timeout+time.Second {
		t.Errorf("took %v", took)
	}
	if got := New(filepath.Join(t.TempDir(), "none")).StatusText("pi"); !strings.HasPrefix(got, "unknown") {
		t.Errorf("without a publisher it is %q", got)
	}
}

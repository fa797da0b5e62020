// Package site talks to the publisher on this server, at its control socket.
package site

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// Objects that are stored within this time are announced together.
	batchPause = 20 * time.Millisecond
	timeout    = 2 * time.Second
	// What the publisher said of its courses, or that it said nothing, is believed for so long: a folder's listing asks for
	// each of them, and none of them is to wait for it long.
	statusMemory  = 500 * time.Millisecond
	silenceMemory = 5 * time.Second
)

// Publisher is the publisher behind its socket. It may be away at any time: the listing of the store is what it works
// from, and an announcement only makes it faster.
type Publisher struct {
	client *http.Client

	mu      sync.Mutex
	pending map[string][]string
	// When the last object of each course was announced.
	announcedAt map[string]time.Time

	statusMu sync.Mutex
	// nil while the publisher is silent.
	status   map[string]courseStatus
	askAgain time.Time
}

// courseStatus is what the gateway reads of the publisher's status, see provisioning/publisher/src/status.ts.
type courseStatus struct {
	Name            string   `json:"name"`
	State           string   `json:"state"`
	LagSeconds      *float64 `json:"lagSeconds"`
	HeldDeletions   int      `json:"heldDeletions"`
	LastPublication *struct {
		At string `json:"at"`
	} `json:"lastPublication"`
	LastError *struct {
		Message string `json:"message"`
	} `json:"lastError"`

	// caughtUp is the begin of the publisher's last look at the store that left nothing to be published.
	caughtUp time.Time
}

// New makes a client of the socket.
func New(socket string) *Publisher {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Publisher{
		client:  &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: timeout},
		pending: map[string][]string{}, announcedAt: map[string]time.Time{},
	}
}

// Announce tells the publisher of an object, at once and without waiting for it.
func (p *Publisher) Announce(course, object string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.announcedAt[course] = time.Now()
	first := len(p.pending[course]) == 0
	p.pending[course] = append(p.pending[course], object)
	if first {
		time.AfterFunc(batchPause, func() { p.send(course) })
	}
}

func (p *Publisher) send(course string) {
	p.mu.Lock()
	objects := p.pending[course]
	delete(p.pending, course)
	p.mu.Unlock()
	body, _ := json.Marshal(objects)
	response, err := p.client.Post("http://publisher/courses/"+url.PathEscape(course)+"/announce", "application/json", bytes.NewReader(body))
	if err != nil {
		slog.Debug("the publisher was not told; it will see it in the store", "course", course, "error", err)
		return
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		slog.Debug("the publisher did not take an announcement; it will see it in the store", "course", course, "answer", response.Status)
	}
}

// StatusText says in words whether what is stored is on the site: "live", "pending" or "held", and since when.
func (p *Publisher) StatusText(course string) string {
	status := p.courses()
	if status == nil {
		return "unknown: the publisher does not answer\n"
	}
	one, ok := status[course]
	if !ok {
		return "unknown: the publisher does not know this course\n"
	}
	p.mu.Lock()
	announcedAt := p.announcedAt[course]
	p.mu.Unlock()
	return one.text(announcedAt)
}

// text is of what was true when the publisher last looked at the store: what was stored since is not on the site yet.
func (c courseStatus) text(storedAt time.Time) string {
	live := c.State == "current" && c.caughtUp.After(storedAt)
	var text strings.Builder
	switch {
	case live && c.HeldDeletions > 0:
		fmt.Fprintf(&text, "held: %d deletions wait for an operator's approval; everything else is live\n", c.HeldDeletions)
	case live:
		fmt.Fprintf(&text, "live: all that is stored is on the site\n")
	default:
		fmt.Fprintf(&text, "pending (%s): what was stored last is not on the site yet\n", c.State)
	}
	if !live && c.HeldDeletions > 0 {
		fmt.Fprintf(&text, "held: %d deletions wait for an operator's approval\n", c.HeldDeletions)
	}
	since := "never"
	if c.LastPublication != nil {
		since = c.LastPublication.At
	}
	fmt.Fprintf(&text, "last publication: %s\n", since)
	if c.LastError != nil && !live {
		fmt.Fprintf(&text, "last error: %s\n", c.LastError.Message)
	}
	return text.String()
}

// courses gives what the publisher says of each; nil while it is silent.
func (p *Publisher) courses() map[string]courseStatus {
	p.statusMu.Lock()
	defer p.statusMu.Unlock()
	if time.Now().Before(p.askAgain) {
		return p.status
	}
	status, err := p.ask()
	p.status, p.askAgain = status, time.Now().Add(statusMemory)
	if err != nil {
		slog.Debug("the publisher did not tell its status", "error", err)
		p.askAgain = time.Now().Add(silenceMemory)
	}
	return p.status
}

func (p *Publisher) ask() (map[string]courseStatus, error) {
	asked := time.Now()
	response, err := p.client.Get("http://publisher/status")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct {
		Courses []courseStatus `json:"courses"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	status := make(map[string]courseStatus, len(answer.Courses))
	for _, course := range answer.Courses {
		if course.LagSeconds != nil {
			course.caughtUp = asked.Add(-time.Duration(*course.LagSeconds * float64(time.Second)))
		}
		status[course.Name] = course
	}
	return status, nil
}

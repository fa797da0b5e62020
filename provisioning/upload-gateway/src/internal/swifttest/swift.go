// Package swifttest is a small Swift in memory, for tests: version 1 of the authentication, containers, objects and static
// large objects, as far as the gateway uses them, with faults that a test asks for.
package swifttest

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// User and Key are those that the store lets in.
const (
	User = "test:tester"
	Key  = "testing"
)

// Fault is what goes wrong with one request; the zero value is none.
type Fault struct {
	// Status is answered instead of anything else.
	Status int
	// Delay is before the request has an effect, if its client still waits then.
	Delay time.Duration
	// Reset cuts the connection without an answer; the request has no effect.
	Reset bool
	// WrongEtag is answered, though all is well.
	WrongEtag bool
}

// Server is the store.
type Server struct {
	// AuthURL is where to sign in.
	AuthURL string

	http       *httptest.Server
	mu         sync.Mutex
	tokens     int
	containers map[string]map[string]*object
	fault      func(*http.Request) Fault
	requests   []string
	hidesLarge bool
}

type object struct {
	content  []byte
	etag     string
	headers  http.Header
	modified time.Time
	// rows are of a static large object.
	rows []row
}

// New starts a store with these containers, until the test ends.
func New(t testing.TB, containers ...string) *Server {
	t.Helper()
	s := &Server{containers: map[string]map[string]*object{}, tokens: 1}
	for _, name := range containers {
		s.containers[name] = map[string]*object{}
	}
	s.http = httptest.NewServer(s)
	s.AuthURL = s.http.URL + "/auth/v1.0"
	t.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// Break has each request go wrong as a function says; nil mends the store.
func (s *Server) Break(fault func(*http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// ExpireTokens has everybody sign in again.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
}

// HideLarge has listings not tell which objects are large, as Ceph does.
func (s *Server) HideLarge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidesLarge = true
}

// Put stores an object, from behind.
func (s *Server) Put(container, name, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.containers[container][name] = newObject([]byte(content), http.Header{"Content-Type": {"text/plain"}})
}

// PutWith stores an object with headers.
func (s *Server) PutWith(container, name, content string, headers map[string]string) {
	s.Put(container, name, content)
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value := range headers {
		s.containers[container][name].headers.Set(key, value)
	}
}

// Archive moves an object to another container, as a store does that keeps former versions.
func (s *Server) Archive(container, name, archive, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.containers[archive][version] = s.containers[container][name]
	delete(s.containers[container], name)
}

// Content gives an object's bytes, those of a large one in a row. @returns whether it is there
func (s *Server) Content(container, name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.containers[container][name]
	if !ok {
		return "", false
	}
	return string(s.contentOf(o)), true
}

// Header gives a header of an object.
func (s *Server) Header(container, name, key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.containers[container][name]; ok {
		return o.headers.Get(key)
	}
	return ""
}

// Names of all objects of a container, sorted.
func (s *Server) Names(container string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.containers[container]))
}

// Age makes all objects of a container older.
func (s *Server) Age(container string, by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.containers[container] {
		o.modified = o.modified.Add(-by)
	}
}

// Requests gives the requests until now, each as "METHOD container/object".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Count of the requests until now that begin so.
func (s *Server) Count(prefix string) int {
	count := 0
	for _, request := range s.Requests() {
		if strings.HasPrefix(request, prefix) {
			count++
		}
	}
	return count
}

func newObject(content []byte, headers http.Header) *object {
	sum := md5.Sum(content)
	return &object{content: content, etag: hex.EncodeToString(sum[:]), headers: headers, modified: time.Now()}
}

func (s *Server) token() string { return "token" + strconv.Itoa(s.tokens) }

// ServeHTTP answers as Swift does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := strings.TrimPrefix(r.URL.Path, "/v1/AUTH_test/")
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+target)
	var fault Fault
	if s.fault != nil {
		fault = s.fault(r)
	}
	token := s.token()
	s.mu.Unlock()
	if fault.Reset {
		panic(http.ErrAbortHandler)
	}
	// Nothing is stored of a body that was cut.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	select {
	case <-time.After(fault.Delay):
	case <-r.Context().Done():
		return
	}
	switch {
	case fault.Status != 0:
		w.WriteHeader(fault.Status)
		return
	case r.URL.Path == "/auth/v1.0":
		s.signIn(w, r, token)
		return
	case r.Header.Get("X-Auth-Token") != token:
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if fault.WrongEtag {
		w = wrongEtag{w}
	}
	answer := s.answer(r, target, body)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	// Not under the lock: a client may read as slowly as it likes.
	_, _ = w.Write(answer.Body.Bytes())
}

func (s *Server) answer(r *http.Request, target string, body []byte) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	container, name, _ := strings.Cut(target, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch objects, ok := s.containers[container]; {
	case !ok:
		answer.WriteHeader(http.StatusNotFound)
	case name == "":
		s.list(answer, r, objects)
	default:
		s.object(answer, r, objects, name, body)
	}
	return answer
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, token string) {
	if r.Header.Get("X-Auth-User") != User || r.Header.Get("X-Auth-Key") != Key {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Storage-Url", s.http.URL+"/v1/AUTH_test")
	w.Header().Set("X-Auth-Token", token)
}

// wrongEtag answers with the MD5 of something else.
type wrongEtag struct{ http.ResponseWriter }

func (w wrongEtag) WriteHeader(status int) {
	w.Header().Set("Etag", "0123456789abcdef0123456789abcdef")
	w.ResponseWriter.WriteHeader(status)
}

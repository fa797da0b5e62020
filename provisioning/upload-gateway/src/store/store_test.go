package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"xwmooc/upload-gateway/internal/swifttest"
)

const (
	course   = "py4inf"
	segments = "segments"
	archive  = "py4inf-archive"
)

func newStore(t *testing.T) (*Store, *swifttest.Server) {
	t.Helper()
	swift := swifttest.New(t, course, segments, archive)
	return New(Credentials{Auth: "v1", AuthURL: swift.AuthURL, Username: swifttest.User, APIKey: swifttest.Key}, segments), swift
}

func within10s(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// times has the first n requests of a method go wrong.
func times(n int, method string, fault swifttest.Fault) func(*http.Request) swifttest.Fault {
	return func(r *http.Request) swifttest.Fault {
		if r.Method == method && n > 0 {
			n--
			return fault
		}
		return swifttest.Fault{}
	}
}

func always(method string, fault swifttest.Fault) func(*http.Request) swifttest.Fault {
	return times(1<<30, method, fault)
}

func stored(t *testing.T, swift *swifttest.Server, name, want string) {
	t.Helper()
	if got, ok := swift.Content(course, name); !ok || got != want {
		t.Fatalf("the store has %.40q (%v) of %s, want %.40q", got, ok, name, want)
	}
}

func TestPutStoresContentTypeAndTime(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	modified := time.Date(2014, 5, 6, 7, 8, 9, 123456000, time.UTC)
	if err := s.Put(t.Context(), course, "첫 장/index.html", ContentOf([]byte("<p>")), modified); err != nil {
		t.Fatal(err)
	}
	stored(t, swift, "첫 장/index.html", "<p>")
	if got := swift.Header(course, "첫 장/index.html", "Content-Type"); !strings.HasPrefix(got, "text/html") {
		t.Errorf("the content type is %q", got)
	}
	entry, err := s.Stat(t.Context(), course, "첫 장/index.html")
	if err != nil || !entry.Modified.Equal(modified) || entry.Bytes != 3 || entry.Folder {
		t.Errorf("got %+v, %v", entry, err)
	}
}

func TestPutOfNothing(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	if err := s.Put(t.Context(), course, "empty", ContentOf(nil), time.Time{}); err != nil {
		t.Fatal(err)
	}
	stored(t, swift, "empty", "")
}

func TestWrongMD5InTheAnswerIsAnError(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Break(always("PUT", swifttest.Fault{WrongEtag: true}))
	if err := s.Put(within10s(t), course, "a", ContentOf([]byte("new")), time.Time{}); !errors.As(err, new(Unavailable)) {
		t.Fatalf("got %v", err)
	}
}

func TestStoreThatIsAtFaultIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]swifttest.Fault{"503": {Status: 503}, "422": {Status: 422}, "reset": {Reset: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, swift := newStore(t)
			swift.Break(times(2, "PUT", fault))
			if err := s.Put(within10s(t), course, "a", ContentOf([]byte("new")), time.Time{}); err != nil {
				t.Fatal(err)
			}
			stored(t, swift, "a", "new")
		})
	}
}

func TestQuestionsAreAskedAgain(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	if err := s.Put(t.Context(), course, "a/page.html", ContentOf([]byte("page")), time.Time{}); err != nil {
		t.Fatal(err)
	}
	for question, ask := range map[string]func() error{
		"List":  func() error { _, err := s.List(t.Context(), course, "a"); return err },
		"Stat":  func() error { _, err := s.Stat(t.Context(), course, "a/page.html"); return err },
		"Names": func() error { _, err := s.Names(t.Context(), course, "a", 1); return err },
		"Read": func() error {
			content, err := s.Read(t.Context(), course, "a/page.html", 0)
			if err == nil {
				content.Close()
			}
			return err
		},
	} {
		once := true
		swift.Break(func(*http.Request) (fault swifttest.Fault) {
			if once {
				fault.Status, once = 503, false
			}
			return fault
		})
		if err := ask(); err != nil || once {
			t.Errorf("%s: %v (asked: %v)", question, err, !once)
		}
	}
}

func TestStoreThatStaysAtFaultIsUnavailableAndUnchanged(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Put(course, "a", "old")
	swift.Break(always("PUT", swifttest.Fault{Status: 503}))
	err := s.Put(within10s(t), course, "a", ContentOf([]byte("new")), time.Time{})
	var unavailable Unavailable
	if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), "try again later") || unavailable.Cause == nil {
		t.Fatalf("got %v", err)
	}
	if got := swift.Count("PUT"); got != tries {
		t.Errorf("%d tries", got)
	}
	stored(t, swift, "a", "old")
}

func TestSlowStoreIsGivenUpWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Put(course, "a", "old")
	swift.Break(always("PUT", swifttest.Fault{Delay: 30 * time.Second}))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := s.Put(ctx, course, "a", ContentOf([]byte("new")), time.Time{}); !errors.As(err, new(Unavailable)) {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	stored(t, swift, "a", "old")
}

func TestOneSlowSignInHoldsUpNobodyLongerThanItsTime(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Break(func(*http.Request) swifttest.Fault { return swifttest.Fault{Delay: 3 * time.Second} })
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			if _, err := s.List(ctx, course, ""); err == nil || time.Since(began) > 2*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	}
	all.Wait()
}

func TestExpiredTokenIsRenewed(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	ctx := within10s(t)
	if err := s.Put(ctx, course, "a", ContentOf([]byte("1")), time.Time{}); err != nil {
		t.Fatal(err)
	}
	swift.ExpireTokens()
	if err := s.Put(ctx, course, "a", ContentOf([]byte("2")), time.Time{}); err != nil {
		t.Fatal(err)
	}
	stored(t, swift, "a", "2")
	swift.ExpireTokens()
	if err := s.Copy(ctx, course, "a", "b"); err != nil {
		t.Fatal(err)
	}
	stored(t, swift, "b", "2")
}

func TestQuotaIsSaidInWords(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage} {
		s, swift := newStore(t)
		swift.Break(always("PUT", swifttest.Fault{Status: status}))
		if err := s.Put(t.Context(), course, "a", ContentOf([]byte("new")), time.Time{}); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "quota") {
			t.Errorf("%d gives %v", status, err)
		}
		if got := swift.Count("PUT"); got != 1 {
			t.Errorf("%d is tried %d times", status, got)
		}
	}
}

func TestMissingContainerIsSaidInWords(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	err := s.Put(t.Context(), "nowhere", "a", ContentOf([]byte("new")), time.Time{})
	if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "container is missing") {
		t.Fatalf("got %v", err)
	}
}

func TestListMergesMarkersAndFolders(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.PutWith(course, "img", "", map[string]string{"Content-Type": DirectoryType})
	for _, name := range []string{"img (1).png", "img.png", "img/a.png", "img/b/c.png", "slash/", "deep//x", "dots/../x", "z"} {
		swift.Put(course, name, "12")
	}
	entries, err := s.List(t.Context(), course, "")
	if err != nil {
		t.Fatal(err)
	}
	want := "img/ img (1).png img.png deep/ dots/ slash/ z"
	if got := names(entries); !sameWords(got, want) {
		t.Errorf("the container has %q, want %q", got, want)
	}
	for folder, want := range map[string]string{"img": "img/a.png img/b/", "slash": "", "deep": "", "dots": "", "none": ""} {
		entries, err := s.List(t.Context(), course, folder)
		if got := names(entries); err != nil || got != want {
			t.Errorf("%s has %q (%v), want %q", folder, got, err, want)
		}
	}
}

func TestListOfManyPages(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	for i := range 10_050 {
		swift.Put(course, "many/"+strings.Repeat("x", i%7)+time.Duration(i).String(), "")
	}
	entries, err := s.List(t.Context(), course, "many")
	if err != nil || len(entries) != 10_050 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
}

func names(entries []Entry) string {
	all := []string{}
	for _, entry := range entries {
		if entry.Folder {
			entry.Name += "/"
		}
		all = append(all, entry.Name)
	}
	return strings.Join(all, " ")
}

func sameWords(a, b string) bool {
	count := map[string]int{}
	for _, word := range strings.Fields(a) {
		count[word]++
	}
	for _, word := range strings.Fields(b) {
		count[word]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestStatTellsFilesFoldersAndNothing(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Put(course, "folder/file", "123")
	swift.PutWith(course, "marker", "", map[string]string{"Content-Type": DirectoryType})
	for name, want := range map[string]Entry{
		"folder/file": {Name: "folder/file", Bytes: 3},
		"folder":      {Name: "folder", Folder: true},
		"marker":      {Name: "marker", Folder: true, Marker: true},
	} {
		got, err := s.Stat(t.Context(), course, name)
		got.Modified = time.Time{}
		if err != nil || got != want {
			t.Errorf("%s is %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"fold", "folder/none", "none"} {
		if _, err := s.Stat(t.Context(), course, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s gives %v", name, err)
		}
	}
}

func TestSetModifiedKeepsWhatElseIsKnown(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	kept := map[string]string{
		"Content-Type": "text/css", "Content-Encoding": "gzip", "Cache-Control": "max-age=60", "X-Object-Meta-Author": "kim",
		"X-Object-Meta-Mtime": "1.0",
	}
	swift.PutWith(course, "a.css", "x", kept)
	modified := time.Unix(1_400_000_000, 0)
	if err := s.SetModified(t.Context(), course, "a.css", modified); err != nil {
		t.Fatal(err)
	}
	kept["X-Object-Meta-Mtime"] = "1400000000.000000"
	for key, want := range kept {
		if got := swift.Header(course, "a.css", key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if entry, err := s.Stat(t.Context(), course, "a.css"); err != nil || !entry.Modified.Equal(modified) {
		t.Errorf("got %+v, %v", entry, err)
	}
}

func TestDeleteOfNothingIsNoError(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	if err := s.Delete(t.Context(), course, "none"); err != nil {
		t.Fatal(err)
	}
}

func TestReadFromAnOffset(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Put(course, "a", "0123456789")
	for offset, want := range map[int64]string{0: "0123456789", 4: "456789", 10: "", 11: ""} {
		content, err := s.Read(t.Context(), course, "a", offset)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(content)
		content.Close()
		if err != nil || string(got) != want {
			t.Errorf("from %d: %q, %v", offset, got, err)
		}
	}
	if _, err := s.Read(t.Context(), course, "none", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing gives %v", err)
	}
}

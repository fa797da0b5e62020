package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"xwmooc/upload-gateway/internal/swifttest"
	"xwmooc/upload-gateway/store"
)

// notes stands for the publisher, and for the audit.
type notes struct {
	mu        sync.Mutex
	announced []string
	audited   []string
}

func (n *notes) Announce(course, object string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.announced = append(n.announced, course+":"+object)
}

func (n *notes) StatusText(course string) string { return course + " is live\n" }

func (n *notes) audit(action, path string, err error, _ ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.audited = append(n.audited, fmt.Sprintf("%s %s %v", action, path, err == nil))
}

// fixture is a tree of two courses, in "pi" whole and in "book" below "html"; a third course is not this account's.
type fixture struct {
	*Tree
	swift *swifttest.Server
	notes *notes
	end   context.CancelFunc
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	swift := swifttest.New(t, "pi", "book", "secret", "segments")
	credentials := store.Credentials{Auth: "v1", AuthURL: swift.AuthURL, Username: swifttest.User, APIKey: swifttest.Key}
	ctx, end := context.WithCancel(t.Context())
	f := &fixture{swift: swift, notes: &notes{}, end: end}
	f.Tree = &Tree{
		Store: store.New(credentials, "segments"), Folders: &Folders{}, Publisher: f.notes, Audit: f.notes.audit, Context: ctx,
		Courses: []Course{{Name: "pi", Container: "pi"}, {Name: "book", Container: "book", Source: "html"}},
		Rights:  Rights{Read: true, Upload: true, Delete: true},
	}
	return f
}

func (f *fixture) upload(path, content string) error {
	upload, err := f.Create(path)
	if err != nil {
		return err
	}
	_, writeErr := io.WriteString(upload, content)
	return errors.Join(writeErr, upload.Close())
}

func (f *fixture) list(t *testing.T, path string) []string {
	t.Helper()
	infos, err := f.ReadDir(path)
	if err != nil {
		t.Fatalf("%s is not listed: %v", path, err)
	}
	names := []string{}
	for _, info := range infos {
		name := info.Name()
		if info.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func (f *fixture) holds(t *testing.T, container, name, want string) {
	t.Helper()
	if got, ok := f.swift.Content(container, name); !ok || got != want {
		t.Fatalf("the store has %.40q (%v) of %s, want %.40q", got, ok, name, want)
	}
}

func TestTopmostFolderListsTheCourses(t *testing.T) {
	f := newFixture(t)
	if got := f.list(t, "/"); !slices.Equal(got, []string{"pi/", "book/"}) {
		t.Errorf("it has %q", got)
	}
	for _, path := range []string{"/file", "/secret/file", "/none/file"} {
		wants(t, f.upload(path, "x"), fs.ErrNotExist)
	}
	for _, path := range []string{"/", "/pi", "/pi/"} {
		wants(t, f.upload(path, "x"), errReadOnlyTop)
		wants(t, f.Mkdir(path), errReadOnlyTop)
		wants(t, f.Remove(path), errReadOnlyTop)
		wants(t, f.RemoveDir(path), errReadOnlyTop)
		wants(t, f.Rename(path, "/pi/a", true), errReadOnlyTop)
	}
}

func TestNoPathLeadsOutOfTheCourses(t *testing.T) {
	f := newFixture(t)
	f.swift.Put("secret", "a", "secret")
	f.swift.Put("book", "outside", "secret")
	for _, path := range []string{
		"/secret/a", "secret/a", "/pi/../secret/a", "/book/../outside", "/book/../../book/outside", "../../secret/a", "/pi/./../secret/a",
		"/book//../../secret/a", "/Pi/a", "/pi\x00/../secret/a",
	} {
		if _, err := f.Read(path, 0); err == nil {
			t.Errorf("%q is read", path)
		}
		if err := f.Remove(path); err == nil {
			t.Errorf("%q is removed", path)
		}
		_ = f.upload(path, "overwritten")
		_ = f.Rename("/pi/x", path, true)
	}
	must(t, f.upload("/book/../book/inside", "x"))
	f.holds(t, "secret", "a", "secret")
	f.holds(t, "book", "outside", "secret")
	f.holds(t, "book", "html/inside", "x")
}

func TestRights(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/a", "x"))
	does := map[string]func() error{
		"read":   func() error { _, err := f.Read("/pi/a", 0); return err },
		"list":   func() error { _, err := f.ReadDir("/pi"); return err },
		"upload": func() error { return f.upload("/pi/a", "x") },
		"mkdir":  func() error { return f.Mkdir("/pi/d" + time.Now().Format("150405.000000000")) },
		"time":   func() error { return f.SetModified("/pi/a", time.Now()) },
		"rename": func() error { return errors.Join(f.upload("/pi/r", "x"), f.Rename("/pi/r", "/pi/s", true)) },
		"delete": func() error { return f.Remove("/pi/a") },
		"rmdir":  func() error { return f.RemoveDir("/pi/none") },
	}
	for name, may := range map[string]Rights{
		"read list": {Read: true}, "upload mkdir time": {Upload: true}, "delete rmdir": {Delete: true},
		"upload mkdir time rename delete rmdir": {Upload: true, Delete: true},
	} {
		for action, do := range does {
			f.Rights = Rights{true, true, true}
			must(t, f.upload("/pi/a", "x"))
			f.Rights = may
			if isRefused := errors.Is(do(), errNoRight); isRefused == slices.Contains(strings.Fields(name), action) {
				t.Errorf("%+v: %s is refused: %v", may, action, isRefused)
			}
		}
	}
}

func TestStatusFileIsReadAndNothingElse(t *testing.T) {
	f := newFixture(t)
	const path = "/pi/" + StatusFile
	if got := f.list(t, "/pi"); !slices.Equal(got, []string{StatusFile}) {
		t.Errorf("an empty course has %q", got)
	}
	info, err := f.Stat(path)
	must(t, err)
	content, err := f.Read(path, 3)
	must(t, err)
	text, _ := io.ReadAll(content)
	content.Close()
	if string(text) != "is live\n" || info.Size() != int64(len("pi is live\n")) || info.IsDir() {
		t.Errorf("it is %q of %d bytes", text, info.Size())
	}
	content, err = f.Read(path, 1000)
	must(t, err)
	if text, err := io.ReadAll(content); err != nil || len(text) > 0 {
		t.Errorf("after its end there is %q, %v", text, err)
	}
	wants(t, f.upload(path, "x"), errVirtual)
	wants(t, f.Remove(path), errVirtual)
	wants(t, f.Rename(path, "/pi/a", true), errVirtual)
	wants(t, f.SetModified(path, time.Now()), errVirtual)
	_, err = f.ReadDir(path)
	wants(t, err, errNotAFolder)
	if status, err := f.Status("book"); err != nil || status != "book is live\n" {
		t.Errorf("the status is %q, %v", status, err)
	}
	for _, course := range []string{"secret", "", "/", "pi/a", ".."} {
		if _, err := f.Status(course); err == nil {
			t.Errorf("there is a status of %q", course)
		}
	}
}

func TestMkdirMakesAMarkerThatAllReadersKnow(t *testing.T) {
	f := newFixture(t)
	must(t, f.Mkdir("/book/img"))
	if got := f.swift.Header("book", "html/img", "Content-Type"); got != store.DirectoryType {
		t.Errorf("its type is %q", got)
	}
	info, err := f.Stat("/book/img")
	if err != nil || !info.IsDir() {
		t.Errorf("it is %v, %v", info, err)
	}
	wants(t, f.Mkdir("/book/img"), errExists)
	if got := f.list(t, "/book/img"); len(got) > 0 {
		t.Errorf("it has %q", got)
	}
}

func TestRemoveDirOnlyOfAnEmptyFolder(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/img/a.png", "x"))
	wants(t, f.RemoveDir("/pi/img"), errNotEmpty)
	wants(t, f.RemoveDir("/pi/img/a.png"), errNotAFolder)
	wants(t, f.RemoveDir("/pi/none"), fs.ErrNotExist)
	wants(t, f.Remove("/pi/img"), errIsFolder)
	must(t, f.Mkdir("/pi/empty"))
	must(t, f.RemoveDir("/pi/empty"))
	f.swift.Put("pi", "of-a-web-page/", "")
	must(t, f.RemoveDir("/pi/of-a-web-page"))
	if got := f.swift.Names("pi"); !slices.Equal(got, []string{"img/a.png"}) {
		t.Errorf("the container has %q", got)
	}
}

func TestFileAndFolderOfOneName(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/img/sub/a.png", "x"))
	wants(t, f.upload("/pi/img", "x"), errIsFolder)
	wants(t, f.upload("/pi/img/sub", "x"), errIsFolder)
	must(t, f.upload("/pi/file", "x"))
	wants(t, f.upload("/pi/file/a", "x"), errIsFile)
	wants(t, f.upload("/pi/file/deep/below/a", "x"), errIsFile)
	wants(t, f.Mkdir("/pi/file"), errIsFile)
	wants(t, f.Mkdir("/pi/file/folder"), errIsFile)
	wants(t, f.Rename("/pi/file", "/pi/img", true), errIsFolder)
	must(t, f.Mkdir("/pi/new"))
	wants(t, f.upload("/pi/new", "x"), errIsFolder)
	must(t, f.RemoveDir("/pi/new"))
	must(t, f.upload("/pi/new", "x"))
}

func TestClashesAreAskedForOnceAFolder(t *testing.T) {
	f := newFixture(t)
	for i := range 20 {
		must(t, f.upload(fmt.Sprintf("/pi/img/%d", i), "x"))
	}
	if got := f.swift.Count("GET pi") + f.swift.Count("HEAD"); got > 4 {
		t.Errorf("%d questions for 20 files: %q", got, f.swift.Requests())
	}
}

func TestModifiedTimeIsKept(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/a", "x"))
	modified := time.Unix(1_400_000_000, 0)
	must(t, f.SetModified("/pi/a", modified))
	must(t, f.Rename("/pi/a", "/pi/b", true))
	info, err := f.Stat("/pi/b")
	if err != nil || !info.ModTime().Equal(modified) {
		t.Errorf("got %v, %v", info.ModTime(), err)
	}
	must(t, f.Mkdir("/pi/folder"))
	must(t, f.SetModified("/pi/folder", modified))
	wants(t, f.SetModified("/pi/none", modified), fs.ErrNotExist)
}

func TestTheTimeOfWhatWasJustStoredIsOneRequest(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/a.css", "x"))
	must(t, f.upload("/pi/b.css", "x"))
	asked := len(f.swift.Requests())
	must(t, f.SetModified("/pi/b.css", time.Unix(1_400_000_000, 0)))
	if got := f.swift.Requests()[asked:]; len(got) != 1 {
		t.Errorf("%q", got)
	}
	info, err := f.Stat("/pi/b.css")
	if err != nil || info.ModTime().Unix() != 1_400_000_000 {
		t.Errorf("got %v, %v", info, err)
	}
	if kind := f.swift.Header("pi", "b.css", "Content-Type"); !strings.HasPrefix(kind, "text/css") {
		t.Errorf("it is %q now", kind)
	}
	// One that was stored before the latest may have been changed meanwhile.
	asked = len(f.swift.Requests())
	must(t, f.SetModified("/pi/a.css", time.Unix(1_400_000_000, 0)))
	if got := f.swift.Requests()[asked:]; len(got) < 2 {
		t.Errorf("%q", got)
	}
	must(t, f.Remove("/pi/b.css"))
	wants(t, f.SetModified("/pi/b.css", time.Now()), fs.ErrNotExist)
}

func TestListOfAFolderThatIsNotThere(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/a", "x"))
	_, err := f.ReadDir("/pi/none")
	wants(t, err, fs.ErrNotExist)
	_, err = f.ReadDir("/pi/a")
	wants(t, err, errNotAFolder)
}

func TestReadFromBeforeTheBeginning(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/a", "x"))
	for _, path := range []string{"/pi/a", "/pi/" + StatusFile} {
		_, err := f.Read(path, -5)
		wants(t, err, errBadOffset)
	}
}

func TestReadGoesOnAfterTheTimeOfAnAnswer(t *testing.T) {
	f := newFixture(t)
	content := strings.Repeat("0123456789", 1_000_000)
	f.swift.Put("pi", "film", content)
	reader, err := f.Read("/pi/film", 0)
	must(t, err)
	defer reader.Close()
	first := make([]byte, 1000)
	_, err = io.ReadFull(reader, first)
	must(t, err)
	must(t, f.Remove("/pi/film"))
	rest, err := io.ReadAll(reader)
	if err != nil || len(first)+len(rest) != len(content) {
		t.Errorf("%d bytes, %v", len(first)+len(rest), err)
	}
}

package tree

import (
	"errors"
	"io/fs"
	"testing"
)

// enters says how many requests it takes to go into a folder, and whether it is there.
func (f *fixture) enters(t *testing.T, path string) (requests int, isFolder bool) {
	t.Helper()
	before := len(f.swift.Requests())
	info, err := f.StatFolder(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return len(f.swift.Requests()) - before, err == nil && info.IsDir()
}

func TestFolderOfAnUploadIsNotAskedForAgain(t *testing.T) {
	f := newFixture(t)
	if err := f.upload("/book/a/b/1.html", "1"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/book/a/b", "/book/a", "/book"} {
		if requests, isFolder := f.enters(t, path); requests != 0 || !isFolder {
			t.Errorf("%s: %d requests, a folder: %v", path, requests, isFolder)
		}
	}
	if requests, isFolder := f.enters(t, "/book/c"); requests == 0 || isFolder {
		t.Errorf("/book/c: %d requests, a folder: %v", requests, isFolder)
	}
}

func TestFolderThatIsGoneIsNotRemembered(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/pi/old/in/1.html", "/pi/kept/1.html"} {
		if err := f.upload(path, "1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Mkdir("/pi/empty"), f.Rename("/pi/old", "/pi/new", false), f.RemoveDir("/pi/empty")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"/pi/old": false, "/pi/old/in": false, "/pi/empty": false, "/pi/kept": true, "/pi/new": true, "/pi/new/in": true,
	} {
		if _, isFolder := f.enters(t, path); isFolder != want {
			t.Errorf("%s is a folder: %v", path, isFolder)
		}
	}
}

func TestFoldersAreKnownToAllSessions(t *testing.T) {
	f := newFixture(t)
	if err := f.upload("/pi/a/1.html", "1"); err != nil {
		t.Fatal(err)
	}
	other := &fixture{Tree: &Tree{Store: f.Store, Folders: f.Folders, Courses: f.Courses, Context: f.Context}, swift: f.swift}
	if requests, isFolder := other.enters(t, "/pi/a"); requests != 0 || !isFolder {
		t.Errorf("%d requests, a folder: %v", requests, isFolder)
	}
}

package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"xwmooc/upload-gateway/internal/swifttest"
)

func TestRenameOfAFile(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/book/a? 100%.html", "x"))
	must(t, f.Rename("/book/a? 100%.html", "/book/새/b.html", false))
	if got := f.swift.Names("book"); !slices.Equal(got, []string{"html/새/b.html"}) {
		t.Errorf("the container has %q", got)
	}
	want := []string{"book:html/a? 100%.html", "book:html/새/b.html", "book:html/a? 100%.html"}
	if !slices.Equal(f.notes.announced, want) {
		t.Errorf("announced %q", f.notes.announced)
	}
}

func TestRenameOverAFileOnlyWhereAsked(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/a", "new"))
	must(t, f.upload("/pi/b", "old"))
	wants(t, f.Rename("/pi/a", "/pi/b", false), errExists)
	f.holds(t, "pi", "b", "old")
	must(t, f.Rename("/pi/a", "/pi/b", true))
	f.holds(t, "pi", "b", "new")
	must(t, f.Rename("/pi/b", "/pi/./b", true))
	f.holds(t, "pi", "b", "new")
}

func TestRenameOfAFolder(t *testing.T) {
	f := newFixture(t)
	must(t, f.Mkdir("/pi/old"))
	for i := range 30 {
		must(t, f.upload(fmt.Sprintf("/pi/old/%d/%d", i%3, i), fmt.Sprint(i)))
	}
	must(t, f.upload("/pi/older", "stays"))
	must(t, f.Rename("/pi/old", "/pi/new/name", true))
	names := f.swift.Names("pi")
	if len(names) != 32 || !slices.Contains(names, "new/name") || !slices.Contains(names, "older") {
		t.Fatalf("the container has %q", names)
	}
	for i := range 30 {
		f.holds(t, "pi", fmt.Sprintf("new/name/%d/%d", i%3, i), fmt.Sprint(i))
	}
	_, err := f.Stat("/pi/old")
	wants(t, err, fs.ErrNotExist)
}

func TestRenameThatIsRefused(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/folder/a", "x"))
	must(t, f.upload("/pi/file", "x"))
	must(t, f.Mkdir("/pi/other"))
	for to, want := range map[string]error{
		"/pi/folder/below": errIntoItself, "/pi/other": errIsFolder, "/pi/file": errExists, "/book/folder": errOtherCourse,
		"/pi/file/folder": errIsFile, "/secret/folder": fs.ErrNotExist, "/pi": errReadOnlyTop, "/": errReadOnlyTop,
	} {
		wants(t, f.Rename("/pi/folder", to, true), want)
	}
	wants(t, f.Rename("/pi/none", "/pi/a", true), fs.ErrNotExist)
	f.holds(t, "pi", "folder/a", "x")
	f.holds(t, "pi", "file", "x")
}

func TestRenameOfTooManyIsRefused(t *testing.T) {
	f := newFixture(t)
	for i := range maxRename + 1 {
		f.swift.Put("pi", fmt.Sprintf("many/%d", i), "")
	}
	wants(t, f.Rename("/pi/many", "/pi/other", true), errLargeRename)
	must(t, f.Remove("/pi/many/0"))
	must(t, f.Rename("/pi/many", "/pi/other", true))
	if got := f.swift.Names("pi"); len(got) != maxRename || !strings.HasPrefix(got[0], "other/") {
		t.Errorf("there are %d: %.3q", len(got), got)
	}
}

func TestRenameThatFailsLosesNothing(t *testing.T) {
	f := newFixture(t)
	for i := range 20 {
		must(t, f.upload(fmt.Sprintf("/pi/old/%d", i), fmt.Sprint(i)))
	}
	copied := 0
	f.swift.Break(func(r *http.Request) swifttest.Fault {
		if r.Method == http.MethodPut {
			copied++
		}
		if copied > 10 {
			return swifttest.Fault{Status: 507}
		}
		return swifttest.Fault{}
	})
	if err := f.Rename("/pi/old", "/pi/new", true); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	f.swift.Break(nil)
	for i := range 20 {
		f.holds(t, "pi", fmt.Sprintf("old/%d", i), fmt.Sprint(i))
	}
}

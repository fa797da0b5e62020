package tree

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// The same word as Windows and Linux write it, and as macOS sends it.
const (
	nfc = "\ud55c\uae00.html"
	nfd = "\u1112\u1161\u11ab\u1100\u1173\u11af.html"
)

func TestNamesAreStoredInNFC(t *testing.T) {
	f := newFixture(t)
	must(t, f.upload("/pi/"+nfd, "x"))
	if got := f.swift.Names("pi"); !slices.Equal(got, []string{nfc}) {
		t.Fatalf("the container has %q", got)
	}
	for _, name := range []string{nfc, nfd} {
		if _, err := f.Stat("/pi/" + name); err != nil {
			t.Errorf("%q is not found: %v", name, err)
		}
	}
	must(t, f.upload("/pi/"+nfc, "y"))
	f.holds(t, "pi", nfc, "y")
}

func TestNamesThatOthersStoredInNFDAreReached(t *testing.T) {
	f := newFixture(t)
	f.swift.Put("book", "html/"+nfd, "x")
	f.swift.Put("book", "html/dir-"+nfd+"/a", "x")
	f.swift.Put("book", "html/dir-"+nfd+"/b", "x")
	if got := f.list(t, "/book/dir-"+nfd); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the folder has %q", got)
	}
	must(t, f.Remove("/book/dir-"+nfd+"/a"))
	must(t, f.Rename("/book/dir-"+nfd, "/book/dir-"+nfc, true))
	must(t, f.Rename("/book/"+nfd, "/book/"+nfc, true))
	if got := f.swift.Names("book"); !slices.Equal(got, []string{"html/dir-" + nfc + "/b", "html/" + nfc}) {
		t.Errorf("the container has %q", got)
	}
}

func TestNamesThatCannotBeUsed(t *testing.T) {
	f := newFixture(t)
	for what, name := range map[string]string{
		"a line's end": "a\r\nb", "a null": "a\x00b", "an escape": "a\x1b[2Jb", "a control character of Latin-1": "a\u0085b",
		"what XML can't have": "a\uffffb", "no UTF-8": "a\xffb", "too long a name": strings.Repeat("x", 256),
		"too long a Korean name": strings.Repeat("한", 86), "too long a path": strings.Repeat("dir/", 256) + "x",
	} {
		if err := f.upload("/pi/"+name, "x"); !errors.Is(err, ErrBadName) {
			t.Errorf("%s gives %v", what, err)
		}
	}
	for _, name := range []string{strings.Repeat("x", 255), strings.Repeat("한", 85), " a", "a ", "-rf", "~", `a\b`, "a'b\"c", "%2e%2e", "*", "..."} {
		must(t, f.upload("/pi/"+name, name))
		f.holds(t, "pi", name, name)
	}
}

func TestObjectNameIsLimitedWithItsFolder(t *testing.T) {
	f := newFixture(t)
	below := strings.Repeat("abcdefg/", 127) + "12345678"
	must(t, f.upload("/pi/"+below, "x"))
	wants(t, f.upload("/book/"+below, "x"), ErrBadName)
}

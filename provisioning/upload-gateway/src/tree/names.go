package tree

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// The store's own limit, of an object's whole name.
	maxObjectBytes = 1024
	// What file systems can hold of a file's name, that of the web server among them.
	maxNameBytes = 255
)

// cleanPath makes a path relative to the topmost folder; no path leads out of it. Names are taken in NFC, in which
// Windows and Linux write them; macOS sends "한" in three letters.
func cleanPath(p string) (string, error) {
	if !utf8.ValidString(p) || strings.ContainsFunc(p, isUnusable) {
		return "", ErrBadName
	}
	clean := strings.TrimPrefix(path.Clean("/"+norm.NFC.String(p)), "/")
	for name := range strings.SplitSeq(clean, "/") {
		if len(name) > maxNameBytes {
			return "", ErrBadName
		}
	}
	return clean, nil
}

// isUnusable says of a letter that it breaks a line of a protocol, or the XML in which a mount asks for listings.
func isUnusable(r rune) bool { return unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF }

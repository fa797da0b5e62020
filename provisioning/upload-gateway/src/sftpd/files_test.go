package sftpd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/sftp"
)

func TestListing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for i := range 250 {
		s.swift.Put("pi", fmt.Sprintf("폴더/%03d", i), "12345")
	}
	client := s.login(t).sftp(t)
	infos, err := client.ReadDir("/pi/폴더")
	must(t, err)
	if len(infos) != 250 || infos[249].Name() != "249" || infos[249].Size() != 5 || infos[249].IsDir() {
		t.Errorf("there are %d, at last %v", len(infos), infos[len(infos)-1])
	}
	for _, path := range []string{"/none", "/pi/none", "/pi/폴더/none"} {
		if _, err := client.ReadDir(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s gives %v", path, err)
		}
		if _, err := client.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s gives %v", path, err)
		}
	}
	if _, err := client.ReadDir("/pi/폴더/001"); err == nil {
		t.Error("a file is listed")
	}
}

func TestRenames(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	must(t, put(client, "/pi/a", []byte("a")))
	must(t, put(client, "/pi/b", []byte("b")))
	if err := client.Rename("/pi/a", "/pi/b"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("over another file: %v", err)
	}
	s.holds(t, "b", "b")
	must(t, client.PosixRename("/pi/a", "/pi/b"))
	s.holds(t, "b", "a")
	must(t, client.Rename("/pi/b", "/pi/c"))
	s.holds(t, "c", "a")
	must(t, client.Mkdir("/pi/folder"))
	must(t, client.Rename("/pi/folder", "/pi/other"))
	if err := client.Rename("/pi/other", "/pi/other/below"); err == nil {
		t.Error("a folder is in itself")
	}
	if got := s.swift.Names("pi"); !slices.Equal(got, []string{"c", "other"}) {
		t.Errorf("there is %q", got)
	}
}

func TestRemovals(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	must(t, put(client, "/pi/folder/a", []byte("a")))
	if err := client.RemoveDirectory("/pi/folder"); err == nil {
		t.Error("a folder with a file was removed")
	}
	must(t, client.Remove("/pi/folder/a"))
	if err := client.Remove("/pi/folder/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("once more: %v", err)
	}
	must(t, client.Mkdir("/pi/empty"))
	must(t, client.RemoveDirectory("/pi/empty"))
	for _, path := range []string{"/", "/pi"} {
		if err := client.RemoveDirectory(path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s gives %v", path, err)
		}
	}
}

func TestLinksAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "x")
	client := s.login(t).sftp(t)
	if client.Symlink("/pi/a", "/pi/b") == nil || client.Link("/pi/a", "/pi/c") == nil {
		t.Error("there are links")
	}
	if got := s.swift.Names("pi"); len(got) != 1 {
		t.Errorf("there is %q", got)
	}
}

func TestReadsAtAnyOffset(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	content := random(6, 3*windowBytes)
	s.swift.Put("pi", "a", string(content))
	client := s.login(t).sftp(t)
	file, err := client.Open("/pi/a")
	must(t, err)
	defer file.Close()
	buffer := make([]byte, 1000)
	for _, offset := range []int{0, 2 * windowBytes, 5, windowBytes, windowBytes - 500, 3*windowBytes - 1000, 0} {
		if _, err := file.ReadAt(buffer, int64(offset)); err != nil || string(buffer) != string(content[offset:offset+1000]) {
			t.Errorf("at %d: %v, or other bytes", offset, err)
		}
	}
	if n, err := file.ReadAt(buffer, int64(len(content)-10)); n != 10 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	// Not answered by what is there, and no end of the process.
	for _, offset := range []int64{-1, -1000, -1 << 63, 1<<63 - 1, 1 << 40} {
		if n, err := file.ReadAt(buffer, offset); n != 0 || err == nil {
			t.Errorf("at %d: %d, %v", offset, n, err)
		}
	}
	if _, err := file.ReadAt(buffer, 0); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestReadsInOrderAreOneRequest(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", strings.Repeat("0123456789", 500_000))
	client := s.login(t).sftp(t, sftp.UseConcurrentReads(false))
	file, err := client.Open("/pi/a")
	must(t, err)
	n, err := file.WriteTo(io.Discard)
	if err != nil || n != 5_000_000 {
		t.Errorf("%d bytes, %v", n, err)
	}
	file.Close()
	if got := s.swift.Count("GET pi/a"); got != 1 {
		t.Errorf("%d requests", got)
	}
}

func TestStatusFileIsRead(t *testing.T) {
	t.Parallel()
	client := start(t, nil).login(t).sftp(t)
	file, err := client.Open("/pi/.publish-status.txt")
	must(t, err)
	if text, err := io.ReadAll(file); err != nil || string(text) != "live\n" {
		t.Errorf("it says %q, %v", text, err)
	}
	if err := put(client, "/pi/.publish-status.txt", nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("to write it gives %v", err)
	}
}

// TestOpenFilesAreLimited is not parallel: it takes all that there are.
func TestOpenFilesAreLimited(t *testing.T) {
	s := start(t, nil)
	s.swift.Put("pi", "a", "x")
	conn := s.login(t)
	client := conn.sftp(t)
	opened := 0
	for range maxHandles + 10 {
		if _, err := client.Open("/pi/a"); err == nil {
			opened++
		}
	}
	if opened != maxHandles {
		t.Errorf("%d were opened", opened)
	}
	if _, err := client.ReadDir("/pi"); err == nil || !strings.Contains(err.Error(), "too many files") {
		t.Errorf("another one gives %v", err)
	}
	conn.Close()
	s.allGone(t)
	if len(handles) != 0 {
		t.Errorf("%d are still counted", len(handles))
	}
}

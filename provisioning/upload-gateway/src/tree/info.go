package tree

import (
	"io/fs"
	"time"

	"xwmooc/upload-gateway/store"
)

// info describes a file or folder as protocols want it.
type info struct {
	name   string
	entry  store.Entry
	rights Rights
}

func (i info) Name() string { return i.name }
func (i info) Size() int64  { return i.entry.Bytes }
func (i info) IsDir() bool  { return i.entry.Folder }
func (i info) Sys() any     { return nil }

// ModTime of a folder without one is now: clients show it, and none relies on it.
func (i info) ModTime() time.Time {
	if i.entry.Modified.IsZero() {
		return time.Now()
	}
	return i.entry.Modified
}

func (i info) Mode() fs.FileMode {
	mode := fs.FileMode(0o444)
	if i.rights.Upload {
		mode |= 0o200
	}
	if i.entry.Folder {
		mode |= fs.ModeDir | 0o111
	}
	return mode
}

package tree

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"xwmooc/upload-gateway/store"
)

// For so long is believed what was seen of a folder.
const folderMemory = 30 * time.Second

// Folders is what all sessions have seen of folders, lest the store is asked for them once a file.
type Folders struct {
	mu     sync.Mutex
	known  map[string]*folder
	pruned time.Time
}

type folder struct {
	// seen is when it was there.
	seen time.Time
	// listed is when its subfolders were asked for.
	listed     time.Time
	subfolders map[string]bool
}

func isFresh(at time.Time) bool { return time.Since(at) < folderMemory }

// of gives what is known of a folder. Call it with the lock.
func (f *Folders) of(where place) *folder {
	if !isFresh(f.pruned) {
		f.pruned = time.Now()
		for key, old := range f.known {
			if !isFresh(old.seen) && !isFresh(old.listed) {
				delete(f.known, key)
			}
		}
	}
	key := objectKey(where)
	if f.known[key] == nil {
		if f.known == nil {
			f.known = map[string]*folder{}
		}
		f.known[key] = &folder{}
	}
	return f.known[key]
}

// listed notes what is in a folder. That nothing is does not say that it is there.
func (f *Folders) listed(where place, entries []store.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.of(where)
	known.listed, known.subfolders = time.Now(), map[string]bool{}
	for _, entry := range entries {
		known.seen = known.listed
		if entry.Folder {
			known.subfolders[path.Base(entry.Name)] = true
		}
	}
}

// saw notes that a folder is there, and those that it is in.
func (f *Folders) saw(where place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ; !where.isCourse(); where = where.parent() {
		f.of(where).seen = time.Now()
		if above := f.of(where.parent()); above.subfolders != nil {
			above.subfolders[path.Base(where.object)] = true
		}
	}
}

// isThere says whether a folder was seen; that it was not says nothing.
func (f *Folders) isThere(where place) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return isFresh(f.of(where).seen)
}

// hasFolder says whether a place is a folder, where the folder that it is in was listed.
func (f *Folders) hasFolder(where place) (isFolder, isKnown bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	above := f.of(where.parent())
	return above.subfolders[path.Base(where.object)], isFresh(above.listed)
}

// forget what is known of a place, what is in it, and the folder that it is in.
func (f *Folders) forget(where place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, objectKey(where.parent()))
	for key := range f.known {
		if key == objectKey(where) || strings.HasPrefix(key, objectKey(where)+"/") {
			delete(f.known, key)
		}
	}
}

// mayHold refuses a name that a folder has, and a folder whose name a file has: a store can hold both, a mount and a web
// server can't. Asked of the store once a folder, not once a file.
func (t *Tree) mayHold(ctx context.Context, where place) error {
	isFolder, isKnown := t.Folders.hasFolder(where)
	if !isKnown {
		if err := t.mayBeFolder(ctx, where.parent()); err != nil {
			return err
		}
		entries, err := t.Store.List(ctx, where.course.Container, where.parent().object)
		if err != nil {
			return err
		}
		t.Folders.listed(where.parent(), entries)
		isFolder, _ = t.Folders.hasFolder(where)
	}
	if isFolder {
		return errIsFolder
	}
	return nil
}

// mayBeFolder refuses a folder that is a file, or is to be in one.
func (t *Tree) mayBeFolder(ctx context.Context, where place) error {
	for ; !where.isCourse(); where = where.parent() {
		switch entry, err := t.Store.Stat(ctx, where.course.Container, where.object); {
		case errors.Is(err, fs.ErrNotExist):
			// It will follow from the names of what is in it, as those above it.
		case err != nil:
			return err
		case !entry.Folder:
			return errIsFile
		default:
			return nil
		}
	}
	return nil
}

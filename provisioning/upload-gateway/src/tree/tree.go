// Package tree is what an author sees: a folder for each course, and in it the objects that make the course's site.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"xwmooc/upload-gateway/store"
)

// StatusFile is in each course: what the publisher says of it, made when it is read.
const StatusFile = ".publish-status.txt"

// Every answer comes within this time; FileZilla waits no longer by itself. Tests shorten it.
var answerLimit = 28 * time.Second

// For so long an object is as this session has stored it.
const latestMemory = 5 * time.Second

// Errors that say what to do.
var (
	errReadOnlyTop  = refused("this is the list of your courses: open one of them")
	errVirtual      = refused("the publisher's status can't be changed")
	errNoRight      = refused("your account has no right to do this")
	errIsFolder     = refused("a folder of this name is there")
	errIsFile       = refused("a file of this name is there")
	errNotEmpty     = refused("the folder is not empty")
	errOtherCourse  = refused("files can't be moved to another course: upload them there")
	ErrBadName      = refused("this name can't be used: it is too long, or has control characters")
	errExists       = refused("there is already something of this name")
	ErrNoResume     = refused("an upload can't be resumed or appended to: upload the whole file again")
	ErrBusy         = refused("too many large uploads at a time: please try again later")
	ErrTooLarge     = refused(fmt.Sprintf("the file is too large: at most %d GiB", maxBytes>>30))
	errNotAFolder   = refused("this is a file, not a folder")
	errLargeRename  = refused(fmt.Sprintf("a folder with more than %d files can't be renamed: upload it under its new name and delete the old one", maxRename))
	errIntoItself   = refused("a folder can't be moved into itself")
	errBadOffset    = refused("a file can't be read from before its beginning")
	errCutUpload    = refused("the upload was cut: what was there before is unchanged")
	errNoSuchCourse = fs.ErrNotExist
)

// refused is an error in the author's words.
func refused(text string) error { return refusal(text) }

type refusal string

func (r refusal) Error() string { return string(r) }

// Is makes the refusal a lack of permission for protocols that know that.
func (r refusal) Is(target error) bool { return target == fs.ErrPermission }

// Course is one course as the gateway knows it.
type Course struct {
	Name      string `json:"name"`
	Container string `json:"container"`
	// Source is the folder of the container that is the site; "" is all of it.
	Source string `json:"source"`
}

// Rights are what an account may do in its courses.
type Rights struct{ Read, Upload, Delete bool }

// Publisher puts what is stored on the site.
type Publisher interface {
	// Announce tells that an object was stored, deleted or renamed.
	Announce(course, object string)
	// StatusText says in words whether what is stored is on the site.
	StatusText(course string) string
}

// Audit takes down what an author did: its kind, the path, how it ended, and keys and values with more.
type Audit func(action, path string, err error, more ...any)

// Tree is the view of one session. Its errors are in words for the author; those that are no lack of the store's are
// fs.ErrNotExist or fs.ErrPermission.
type Tree struct {
	Store     *store.Store
	Publisher Publisher
	Courses   []Course
	Rights    Rights
	Audit     Audit
	// Context ends with the session.
	Context context.Context

	// Folders are known to all sessions.
	Folders *Folders

	mu sync.Mutex
	// latest is the object that this session has stored last: nothing else is known to have touched it.
	latest   string
	latestAt time.Time
}

// place is a path, resolved.
type place struct {
	// course is nil for the topmost folder.
	course *Course
	// object is the name in the container; the course's own folder is its source.
	object string
	// below is the path in the course.
	below string
}

func (p place) isCourse() bool { return p.course != nil && p.below == "" }

// parent is the folder that a place in a course is in.
func (p place) parent() place {
	below := dirOf(p.below)
	return place{course: p.course, object: path.Join(p.course.Source, below), below: below}
}

func (p place) isStatus() bool { return p.course != nil && p.below == StatusFile }

// limited gives one operation its time.
func (t *Tree) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context, answerLimit)
}

func (t *Tree) resolve(p string) (place, error) {
	p, err := cleanPath(p)
	if err != nil {
		return place{}, err
	}
	if p == "" {
		return place{}, nil
	}
	name, below, _ := strings.Cut(p, "/")
	for i := range t.Courses {
		if t.Courses[i].Name == name {
			return t.Courses[i].place(below)
		}
	}
	return place{}, errNoSuchCourse
}

// place of a path in a course.
func (c *Course) place(below string) (place, error) {
	object := path.Join(c.Source, below)
	if len(object) > maxObjectBytes {
		return place{}, ErrBadName
	}
	return place{course: c, object: object, below: below}, nil
}

// changeable resolves a path of something that may be made, changed or removed.
func (t *Tree) changeable(p string, right bool) (place, error) {
	where, err := t.resolve(p)
	switch {
	case err != nil:
		return where, err
	case where.course == nil || where.isCourse():
		return where, errReadOnlyTop
	case where.isStatus():
		return where, errVirtual
	case !right:
		return where, errNoRight
	}
	return where, nil
}

// find resolves a path of something that is there, also by a name that another tool stored in decomposed form.
func (t *Tree) find(ctx context.Context, p string) (place, store.Entry, error) {
	where, err := t.resolve(p)
	if err != nil || where.course == nil || where.isStatus() {
		return where, store.Entry{Folder: where.course == nil}, err
	}
	if where.isCourse() {
		return where, store.Entry{Folder: true}, nil
	}
	entry, err := t.Store.Stat(ctx, where.course.Container, where.object)
	if asSent, ok := strings.CutPrefix(path.Clean("/"+p), "/"+where.course.Name+"/"); errors.Is(err, fs.ErrNotExist) && ok && asSent != where.below {
		object := path.Join(where.course.Source, asSent)
		if entry, err = t.Store.Stat(ctx, where.course.Container, object); err == nil {
			where.object = object
		}
	}
	return where, entry, err
}

// Stat describes a file or folder.
func (t *Tree) Stat(p string) (fs.FileInfo, error) {
	ctx, cancel := t.limited()
	defer cancel()
	where, entry, err := t.find(ctx, p)
	if err != nil {
		return nil, err
	}
	if where.isStatus() {
		return t.statusInfo(where.course.Name), nil
	}
	return info{name: path.Base(path.Clean("/" + p)), entry: entry, rights: t.Rights}, nil
}

// StatFolder describes what a client wants to go into. It does so for each file that it uploads: a folder that was seen just
// before is not asked for again.
func (t *Tree) StatFolder(p string) (fs.FileInfo, error) {
	where, err := t.resolve(p)
	if err == nil && where.course != nil && t.Folders.isThere(where) {
		return info{name: path.Base(where.object), entry: store.Entry{Folder: true}, rights: t.Rights}, nil
	}
	found, err := t.Stat(p)
	if err == nil && found.IsDir() && where.course != nil {
		t.Folders.saw(where)
	}
	return found, err
}

// ReadDir lists a folder.
func (t *Tree) ReadDir(p string) ([]fs.FileInfo, error) {
	ctx, cancel := t.limited()
	defer cancel()
	where, err := t.resolve(p)
	if err != nil {
		return nil, err
	}
	infos := []fs.FileInfo{}
	if where.course == nil {
		for i := range t.Courses {
			infos = append(infos, info{name: t.Courses[i].Name, entry: store.Entry{Folder: true}, rights: t.Rights})
		}
		return infos, nil
	}
	if !t.Rights.Read {
		return nil, errNoRight
	}
	if where.isStatus() {
		return nil, errNotAFolder
	}
	entries, err := t.Store.List(ctx, where.course.Container, where.object)
	if err != nil {
		return nil, err
	}
	if where.isCourse() {
		infos = append(infos, t.statusInfo(where.course.Name))
	} else if len(entries) == 0 {
		if where, entries, err = t.nothingIn(ctx, p, where); err != nil {
			return nil, err
		}
	}
	for _, entry := range entries {
		infos = append(infos, info{name: path.Base(entry.Name), entry: entry, rights: t.Rights})
	}
	t.Folders.listed(where, entries)
	return infos, nil
}

// nothingIn says what a listing without entries means: an empty folder, none, a file, or a folder whose name is stored in
// decomposed form.
func (t *Tree) nothingIn(ctx context.Context, p string, listed place) (place, []store.Entry, error) {
	where, entry, err := t.find(ctx, p)
	if err != nil {
		return where, nil, err
	}
	if !entry.Folder {
		return where, nil, errNotAFolder
	}
	if where.object == listed.object {
		return where, nil, nil
	}
	entries, err := t.Store.List(ctx, where.course.Container, where.object)
	return where, entries, err
}

// Mkdir makes a folder that is there although nothing is in it.
func (t *Tree) Mkdir(p string) (err error) {
	defer func() { t.Audit("mkdir", p, err) }()
	ctx, cancel := t.limited()
	defer cancel()
	where, err := t.changeable(p, t.Rights.Upload)
	if err != nil {
		return err
	}
	entry, err := t.Store.Stat(ctx, where.course.Container, where.object)
	if err == nil {
		if entry.Folder {
			return errExists
		}
		return errIsFile
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := t.mayHold(ctx, where); err != nil {
		return err
	}
	if err := t.Store.PutMarker(ctx, where.course.Container, where.object); err != nil {
		return err
	}
	t.Folders.saw(where)
	return nil
}

// Remove deletes a file.
func (t *Tree) Remove(p string) (err error) {
	defer func() { t.Audit("delete", p, err) }()
	ctx, cancel := t.limited()
	defer cancel()
	if _, err := t.changeable(p, t.Rights.Delete); err != nil {
		return err
	}
	where, entry, err := t.find(ctx, p)
	if err != nil {
		return err
	}
	if entry.Folder {
		return errIsFolder
	}
	if err := t.Store.Delete(ctx, where.course.Container, where.object); err != nil {
		return err
	}
	t.Publisher.Announce(where.course.Name, where.object)
	return nil
}

// RemoveDir removes an empty folder.
func (t *Tree) RemoveDir(p string) (err error) {
	defer func() { t.Audit("rmdir", p, err) }()
	ctx, cancel := t.limited()
	defer cancel()
	if _, err := t.changeable(p, t.Rights.Delete); err != nil {
		return err
	}
	where, entry, err := t.find(ctx, p)
	if err != nil {
		return err
	}
	if !entry.Folder {
		return errNotAFolder
	}
	empty, err := t.Store.IsEmpty(ctx, where.course.Container, where.object)
	if err != nil {
		return err
	}
	if !empty {
		return errNotEmpty
	}
	t.Folders.forget(where)
	return t.Store.RemoveMarkers(ctx, where.course.Container, where.object)
}

// SetModified keeps a file's time. A folder has none: that is no error, as clients set it for whole trees.
func (t *Tree) SetModified(p string, modified time.Time) (err error) {
	defer func() { t.Audit("set time", p, err, "time", modified.UTC().Format(time.RFC3339)) }()
	ctx, cancel := t.limited()
	defer cancel()
	where, err := t.changeable(p, t.Rights.Upload)
	if err != nil {
		return err
	}
	if t.isLatest(where) {
		return t.Store.SetModifiedOfNew(ctx, where.course.Container, where.object, modified)
	}
	where, entry, err := t.find(ctx, p)
	if err != nil || entry.Folder {
		return err
	}
	return t.Store.SetModified(ctx, where.course.Container, where.object, modified)
}

// isLatest says whether a place is what this session has stored just before: clients set a file's time after each upload.
func (t *Tree) isLatest(where place) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.latest == objectKey(where) && time.Since(t.latestAt) < latestMemory
}

// Read gives a file's bytes from an offset. The first of them come within the time of an answer, all of them until the
// session ends.
func (t *Tree) Read(p string, offset int64) (content io.ReadCloser, err error) {
	ctx, cancel := context.WithCancel(t.Context)
	late := time.AfterFunc(answerLimit, cancel)
	began := time.Now()
	defer func() {
		late.Stop()
		if err != nil {
			cancel()
			t.Audit("read", p, err)
		}
	}()
	closed := func(bytes int64) {
		cancel()
		t.Audit("read", p, nil, "from", offset, "bytes", bytes, "ms", time.Since(began).Milliseconds())
	}
	where, entry, err := t.find(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case offset < 0:
		return nil, errBadOffset
	case where.isStatus():
		text := strings.NewReader(t.Publisher.StatusText(where.course.Name))
		_, err := text.Seek(offset, io.SeekStart)
		return &reading{ReadCloser: io.NopCloser(text), closed: closed}, err
	case entry.Folder:
		return nil, errIsFolder
	case !t.Rights.Read:
		return nil, errNoRight
	}
	stream, err := t.Store.Read(ctx, where.course.Container, where.object, offset)
	if err != nil {
		return nil, err
	}
	return &reading{ReadCloser: stream, closed: closed}, nil
}

// reading is a file that is read. Who closes it, once, gives its connection up.
type reading struct {
	io.ReadCloser
	bytes  int64
	closed func(bytes int64)
}

func (r *reading) Read(to []byte) (int, error) {
	n, err := r.ReadCloser.Read(to)
	r.bytes += int64(n)
	return n, err
}

func (r *reading) Close() error {
	defer func() { r.closed(r.bytes) }()
	return r.ReadCloser.Close()
}

// Status says in words whether what is stored of a course is on the site.
func (t *Tree) Status(course string) (string, error) {
	where, err := t.resolve(course)
	if err != nil || !where.isCourse() {
		return "", errNoSuchCourse
	}
	return t.Publisher.StatusText(where.course.Name), nil
}

func (t *Tree) statusInfo(course string) fs.FileInfo {
	size := len(t.Publisher.StatusText(course))
	return info{name: StatusFile, entry: store.Entry{Bytes: int64(size), Modified: time.Now()}}
}

func objectKey(where place) string { return where.course.Container + "/" + where.object }

func dirOf(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}

// Package store is the object store as the gateway needs it: Swift, through github.com/ncw/swift.
package store

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/ncw/swift/v2"
)

// DirectoryType marks an object that stands for an empty folder. The name has no slash at its end: cloudfuse, rclone and
// the publisher all know a folder by this; a name with a slash makes cloudfuse's listing fail.
const DirectoryType = "application/directory"

const (
	// One answer of the store may take so long, retries not counted: two slow ones fit into the time that a client waits.
	answerTimeout  = 13 * time.Second
	connectTimeout = 5 * time.Second
	tries          = 3
	retryPause     = 500 * time.Millisecond
	// What rclone and Swift's own client keep a file's time in, in seconds since 1970.
	modifiedHeader = "X-Object-Meta-Mtime"
	pageSize       = 10_000
)

// Unavailable is an error of the store, or of the way to it: the same request may succeed later.
type Unavailable struct{ Cause error }

func (u Unavailable) Error() string {
	return "the object store can't do this just now, please try again later"
}

func (u Unavailable) Unwrap() error { return u.Cause }

// errNoContainer is of a store that was not set up as it should be.
var errNoContainer = errors.New("the course's container is missing in the object store")

// ErrFull says that the account's quota is used up.
var ErrFull = errors.New("the object store is full: the quota of the account or the container is used up")

// Entry is an object, or a folder that follows from the names of objects.
type Entry struct {
	// Name is the object's whole name, without a slash at its end.
	Name     string
	Bytes    int64
	Modified time.Time
	// Folder is set for a folder, and for an object that marks one.
	Folder bool
	// Marker is set for an object that marks a folder.
	Marker bool
}

// Store is one Swift account. Its errors are fs.ErrNotExist, ErrFull, Unavailable, and one of a missing container.
type Store struct {
	connection *swift.Connection
	// segments is the container with the segments of large objects.
	segments string
	// unused are the segments that no object had when Sweep looked last.
	unused map[string]bool
}

// New does not connect yet.
// @param segments the container with the segments of large objects
func New(c Credentials, segments string) *Store {
	connection := c.connection()
	// The library's name for the time of an answer to a request without a body.
	connection.ConnectTimeout = answerTimeout
	connection.Timeout = answerTimeout
	connection.UserAgent = "xwmooc-upload-gateway"
	connection.Transport = &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: answerTimeout,
		// Swift refuses a body whose hash is wrong only after it has read it; there is nothing to wait for before.
		ExpectContinueTimeout: 0,
	}
	return &Store{connection: connection, segments: segments}
}

// List gives what is in a folder; the topmost one is "". A folder that is not there is an empty one.
func (s *Store) List(ctx context.Context, container, folder string) ([]Entry, error) {
	opts := swift.ObjectsOpts{Delimiter: '/', Limit: pageSize}
	if folder != "" {
		opts.Prefix = folder + "/"
	}
	var objects []swift.Object
	if err := s.retry(ctx, func() (err error) {
		objects, err = s.connection.ObjectsAll(ctx, container, &opts)
		return err
	}); err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(objects))
	at := make(map[string]int, len(objects))
	for i := range objects {
		name := strings.TrimSuffix(strings.TrimPrefix(objects[i].Name, opts.Prefix), "/")
		// "a//b" and "a/../b" are names in the store, and none in a tree of files.
		if name == "" || name == "." || name == ".." {
			continue
		}
		entry := entryOf(&objects[i])
		entry.Name = opts.Prefix + name
		// A marker "a" and the folder "a/" that follows from other names are one; "a.html" stands between them.
		if known, ok := at[name]; ok {
			entries[known].Folder = entries[known].Folder || entry.Folder
			continue
		}
		at[name] = len(entries)
		entries = append(entries, entry)
	}
	return entries, nil
}

func entryOf(o *swift.Object) Entry {
	if o.PseudoDirectory {
		return Entry{Name: o.Name, Folder: true}
	}
	marker := o.ContentType == DirectoryType
	return Entry{Name: o.Name, Bytes: o.Bytes, Modified: o.LastModified, Folder: marker, Marker: marker}
}

// Stat finds an object, or the folder that objects' names make. Its time is the one that was kept with it, if one was.
// The error is fs.ErrNotExist where there is neither.
func (s *Store) Stat(ctx context.Context, container, name string) (Entry, error) {
	info, headers, err := s.head(ctx, container, name)
	if err == nil {
		entry := entryOf(&info)
		if seconds, err := strconv.ParseFloat(headers[modifiedHeader], 64); err == nil {
			entry.Modified = time.UnixMicro(int64(seconds * 1e6))
		}
		return entry, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Entry{}, err
	}
	below, err := s.Names(ctx, container, name, 1)
	if err != nil {
		return Entry{}, err
	}
	if len(below) == 0 {
		return Entry{}, fs.ErrNotExist
	}
	return Entry{Name: name, Folder: true}, nil
}

func (s *Store) head(ctx context.Context, container, name string) (info swift.Object, headers swift.Headers, err error) {
	err = s.retry(ctx, func() (err error) {
		info, headers, err = s.connection.Object(ctx, container, name)
		return err
	})
	return info, headers, err
}

// IsEmpty says whether nothing is in a folder; what marks the folder itself, with a slash or without, is not in it.
func (s *Store) IsEmpty(ctx context.Context, container, folder string) (bool, error) {
	below, err := s.Names(ctx, container, folder, 2)
	return len(below) == 0 || len(below) == 1 && below[0] == folder+"/", err
}

// Names gives the names of all objects below a folder, at most `limit` of them.
func (s *Store) Names(ctx context.Context, container, folder string, limit int) (names []string, err error) {
	err = s.retry(ctx, func() (err error) {
		names, err = s.connection.ObjectNames(ctx, container, &swift.ObjectsOpts{Prefix: folder + "/", Limit: limit})
		return err
	})
	return names, err
}

// Content is what becomes an object, and its MD5, which is the object's ETag.
type Content struct {
	Bytes []byte
	MD5   string
}

// ContentOf sums up what is there as a whole.
func ContentOf(bytes []byte) Content {
	sum := md5.Sum(bytes)
	return Content{bytes, hex.EncodeToString(sum[:])}
}

// Put stores an object whole: the store itself compares the MD5, the ETag, before the object is there.
// @param modified is kept with it; the zero time is none
func (s *Store) Put(ctx context.Context, container, name string, content Content, modified time.Time) error {
	return s.put(ctx, container, name, content, contentType(name), modified)
}

// PutMarker stores an object that stands for a folder.
func (s *Store) PutMarker(ctx context.Context, container, name string) error {
	return s.put(ctx, container, name, ContentOf(nil), DirectoryType, time.Time{})
}

// RemoveMarkers removes what stands for a folder, in either form; others make markers whose name ends with a slash.
func (s *Store) RemoveMarkers(ctx context.Context, container, folder string) error {
	if err := s.Delete(ctx, container, folder); err != nil {
		return err
	}
	return s.Delete(ctx, container, folder+"/")
}

func (s *Store) put(ctx context.Context, container, name string, content Content, contentType string, modified time.Time) error {
	headers := swift.Headers{"Content-Length": strconv.Itoa(len(content.Bytes))}
	if !modified.IsZero() {
		headers[modifiedHeader] = modifiedValue(modified)
	}
	err := s.retry(ctx, func() error {
		answer, err := s.connection.ObjectPut(ctx, container, name, bytes.NewReader(content.Bytes), false, content.MD5, contentType, headers)
		if err == nil && answer["Etag"] != content.MD5 {
			return fmt.Errorf("the store has MD5 %s of %s/%s instead of %s", answer["Etag"], container, name, content.MD5)
		}
		return err
	})
	return hasContainer(err)
}

// hasContainer puts right what the store says where an object should be stored, and its container is missing.
func hasContainer(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errNoContainer
	}
	return err
}

// keptHeaders are those that a change of an object's metadata removes, if they are not sent again.
var keptHeaders = []string{
	"Content-Type", "Content-Encoding", "Content-Disposition", "Content-Language", "Cache-Control", "Expires", "X-Delete-At",
	"X-Object-Manifest", "X-Robots-Tag",
}

// SetModified keeps a file's time with it.
func (s *Store) SetModified(ctx context.Context, container, name string, modified time.Time) error {
	_, headers, err := s.head(ctx, container, name)
	if err != nil {
		return err
	}
	sent := headers.ObjectMetadata().ObjectHeaders()
	for _, name := range keptHeaders {
		if value, ok := headers[name]; ok {
			sent[name] = value
		}
	}
	sent[modifiedHeader] = modifiedValue(modified)
	return s.retry(ctx, func() error { return s.connection.ObjectUpdate(ctx, container, name, sent) })
}

// SetModifiedOfNew is SetModified of an object that was stored just before: it has no other metadata that would have to stay.
func (s *Store) SetModifiedOfNew(ctx context.Context, container, name string, modified time.Time) error {
	sent := swift.Headers{modifiedHeader: modifiedValue(modified)}
	return s.retry(ctx, func() error { return s.connection.ObjectUpdate(ctx, container, name, sent) })
}

// Delete removes an object; one that is not there is no error. Segments of a large object are left to Sweep.
func (s *Store) Delete(ctx context.Context, container, name string) error {
	err := s.retry(ctx, func() error { return s.connection.ObjectDelete(ctx, container, name) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Copy copies an object within a container; the copy of a large object shares its segments.
func (s *Store) Copy(ctx context.Context, container, from, to string) error {
	return s.retry(ctx, func() error {
		return s.callOnly(ctx, swift.RequestOpts{
			Container: container, ObjectName: to, Operation: "PUT",
			Parameters: url.Values{"multipart-manifest": {"get"}},
			Headers:    swift.Headers{"X-Copy-From": url.PathEscape(container) + "/" + escapePath(from), "Content-Length": "0"},
		})
	})
}

// Read gives an object's bytes from an offset.
func (s *Store) Read(ctx context.Context, container, name string, offset int64) (io.ReadCloser, error) {
	headers := swift.Headers{}
	if offset > 0 {
		headers["Range"] = fmt.Sprintf("bytes=%d-", offset)
	}
	var content io.ReadCloser
	err := s.retry(ctx, func() error {
		file, _, err := s.connection.ObjectOpen(ctx, container, name, false, headers)
		var answer *swift.Error
		if errors.As(err, &answer) && answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			content = io.NopCloser(bytes.NewReader(nil))
			return nil
		}
		content = file
		return err
	})
	if err != nil {
		return nil, err
	}
	return content, nil
}

// call is for what the library has no function for. Close the body of its answer, unless there is an error.
func (s *Store) call(ctx context.Context, opts swift.RequestOpts) (*http.Response, error) {
	url, err := s.connection.GetStorageUrl(ctx)
	if err != nil {
		return nil, err
	}
	opts.OnReAuth = func() (string, error) { return s.connection.StorageUrl, nil }
	response, _, err := s.connection.Call(ctx, url, opts)
	return response, err
}

// callOnly is call for an answer without content.
func (s *Store) callOnly(ctx context.Context, opts swift.RequestOpts) error {
	opts.NoResponse = true
	_, err := s.call(ctx, opts)
	return err
}

// retry repeats what is safe to repeat, as long as the store is at fault and there is time left.
func (s *Store) retry(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := within(ctx, do)
		var unavailable Unavailable
		if !errors.As(err, &unavailable) || try == tries {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * retryPause):
		case <-ctx.Done():
			return err
		}
	}
}

// within waits for a call of the library no longer than the context lasts: where the library signs in, one call waits for
// the other, whatever their contexts say.
func within(ctx context.Context, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return explain(err)
	case <-ctx.Done():
		return Unavailable{ctx.Err()}
	}
}

// explain puts an error of the library into words for the one who uploads.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var answer *swift.Error
	if errors.As(err, &answer) {
		switch answer.StatusCode {
		case http.StatusNotFound:
			return fs.ErrNotExist
		case http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage:
			return ErrFull
		}
	}
	return Unavailable{err}
}

func contentType(name string) string {
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}

func modifiedValue(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', 6, 64)
}

func escapePath(name string) string {
	return (&url.URL{Path: name}).EscapedPath()
}

package tree

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"sync"
	"time"

	"xwmooc/upload-gateway/store"
)

const (
	// A file up to this is held in memory and stored by one request; a larger one goes in segments of this size.
	segmentBytes = 16 << 20
	// An upload that has more in memory than this takes one of the slots.
	freeBytes = 1 << 20
	slots     = 12
	// Uploads at a time.
	maxOpen = 128
	// Swift's own limit for a manifest.
	maxSegments = 1000
	maxBytes    = maxSegments * segmentBytes
	slotLimit   = 25 * time.Second
)

// slot and open bound the memory of all uploads together: slots * segmentBytes + maxOpen * freeBytes.
var (
	slot = make(chan struct{}, slots)
	open = make(chan struct{}, maxOpen)
)

// Upload is a file on its way into the store. The object that was there before stays until Close has returned without an
// error. One caller at a time, but for SetModified.
type Upload struct {
	// Complete is asked before the object is stored: whether the client meant this to be the end.
	Complete func() bool

	tree  *Tree
	path  string
	place place
	// ctx ends with the session, and with the upload.
	ctx    context.Context
	cancel context.CancelFunc
	began  time.Time
	// buffer is what is not on its way yet, and sum its MD5, made while the next bytes come.
	buffer   []byte
	sum      hash.Hash
	hasSlot  bool
	bytes    int64
	large    *store.Large
	segments int
	sending  chan error
	failure  error

	mu       sync.Mutex
	modified time.Time
}

// Create begins the upload of a file. Close it in any case.
func (t *Tree) Create(p string) (upload *Upload, err error) {
	defer func() {
		if err != nil {
			t.Audit("store", p, err)
		}
	}()
	ctx, cancel := t.limited()
	defer cancel()
	where, err := t.changeable(p, t.Rights.Upload)
	if err != nil {
		return nil, err
	}
	if err := t.mayHold(ctx, where); err != nil {
		return nil, err
	}
	select {
	case open <- struct{}{}:
	case <-ctx.Done():
		return nil, ErrBusy
	}
	upload = &Upload{
		Complete: func() bool { return true },
		tree:     t, path: p, place: where, began: time.Now(), sum: md5.New(),
	}
	upload.ctx, upload.cancel = context.WithCancel(t.Context)
	return upload, nil
}

// NoResume is the answer to a client that wants to go on with an upload, or to append.
func (t *Tree) NoResume(p string) error {
	t.Audit("store", p, ErrNoResume)
	return ErrNoResume
}

// Exists is the answer to a client that wants to make a file only where there is none.
func (t *Tree) Exists(p string) error {
	switch _, err := t.Stat(p); {
	case err == nil:
		return errExists
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// Write takes the next bytes.
func (u *Upload) Write(content []byte) (int, error) {
	written := 0
	for len(content) > 0 && u.failure == nil {
		if len(u.buffer) == segmentBytes {
			ctx, cancel := u.limited()
			u.failure = u.flush(ctx)
			cancel()
			continue
		}
		part := content[:min(len(content), segmentBytes-len(u.buffer))]
		if len(u.buffer)+len(part) > freeBytes && !u.hasSlot {
			if u.failure = u.takeSlot(); u.failure != nil {
				break
			}
			u.buffer = append(make([]byte, 0, segmentBytes), u.buffer...)
		}
		u.buffer = append(u.buffer, part...)
		u.sum.Write(part)
		u.bytes += int64(len(part))
		written += len(part)
		content = content[len(part):]
	}
	return written, u.failure
}

// SetModified keeps the file's time with it.
func (u *Upload) SetModified(modified time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.modified = modified
}

// Fail makes this no upload: what was there before stays.
func (u *Upload) Fail(err error) {
	if u.failure == nil {
		u.failure = fmt.Errorf("%w (%w)", errCutUpload, err)
	}
}

// Close stores the object. Without an error it is in the store, whole, and has the MD5 of what came.
func (u *Upload) Close() (err error) {
	etag := ""
	defer func() {
		u.cancel()
		u.releaseSlot()
		<-open
		u.tree.Audit("store", u.path, err, "bytes", u.bytes, "etag", etag, "ms", time.Since(u.began).Milliseconds())
	}()
	if u.failure == nil && !u.Complete() {
		u.failure = errCutUpload
	}
	if u.failure == nil {
		etag, u.failure = u.commit()
	}
	if u.failure != nil {
		if u.large != nil {
			u.large.Abort()
		}
		return u.failure
	}
	u.tree.Folders.saw(u.place.parent())
	u.tree.mu.Lock()
	u.tree.latest, u.tree.latestAt = objectKey(u.place), time.Now()
	u.tree.mu.Unlock()
	u.tree.Publisher.Announce(u.place.course.Name, u.place.object)
	return nil
}

// commit gives the MD5 of the object, or of its segments' MD5s.
func (u *Upload) commit() (etag string, err error) {
	ctx, cancel := u.limited()
	defer cancel()
	u.mu.Lock()
	modified := u.modified
	u.mu.Unlock()
	if u.large == nil {
		content := u.taken()
		return content.MD5, u.tree.Store.Put(ctx, u.place.course.Container, u.place.object, content, modified)
	}
	if err := u.flush(ctx); err != nil {
		return "", err
	}
	if err := u.sent(ctx); err != nil {
		return "", err
	}
	return u.large.Commit(ctx, modified)
}

// taken is what has come since the last time.
func (u *Upload) taken() store.Content {
	content := store.Content{Bytes: u.buffer, MD5: hex.EncodeToString(u.sum.Sum(nil))}
	u.buffer = nil
	u.sum.Reset()
	return content
}

// limited gives one answer to the client its time.
func (u *Upload) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(u.ctx, answerLimit)
}

// flush sends the segment in memory, after the one before; the client goes on meanwhile.
func (u *Upload) flush(ctx context.Context) error {
	if err := u.sent(ctx); err != nil || len(u.buffer) == 0 {
		return err
	}
	if u.segments == maxSegments {
		return ErrTooLarge
	}
	if u.large == nil {
		u.large = u.tree.Store.NewLarge(u.place.course.Container, u.place.object)
	}
	content, number, held := u.taken(), u.segments, u.hasSlot
	u.hasSlot = false
	u.segments++
	sending := make(chan error, 1)
	u.sending = sending
	go func() {
		ctx, cancel := u.limited()
		defer cancel()
		sending <- u.large.Put(ctx, number, content)
		if held {
			<-slot
		}
	}()
	return nil
}

// sent waits for the segment that is on its way.
func (u *Upload) sent(ctx context.Context) error {
	if u.sending == nil {
		return nil
	}
	select {
	case err := <-u.sending:
		u.sending = nil
		return err
	case <-ctx.Done():
		return store.Unavailable{Cause: ctx.Err()}
	}
}

func (u *Upload) takeSlot() error {
	select {
	case slot <- struct{}{}:
		u.hasSlot = true
		return nil
	case <-time.After(slotLimit):
		return ErrBusy
	case <-u.ctx.Done():
		return errCutUpload
	}
}

func (u *Upload) releaseSlot() {
	if u.hasSlot {
		<-slot
		u.hasSlot = false
	}
	u.buffer = nil
}

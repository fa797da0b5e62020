package sftpd

import (
	"errors"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"xwmooc/upload-gateway/tree"
)

const (
	// Packets of one file that came before the one that is due: a client has some under way at a time.
	maxAhead = 8 << 20
	// What a packet counts at least: it has a cost of its own.
	minPacket = 4 << 10
	// Such packets of all files together.
	maxAllAhead = 32 << 20
	// A download keeps as much of what was read last: its packets are asked for at the same time, and more or less in order.
	windowBytes = 1 << 20
)

var (
	errNotInOrder = errors.New("only whole files can be written, from the beginning to the end")
	errBadOffset  = errors.New("there is nothing before a file's beginning")
)

// aheadOfAll bounds the memory of all uploads together.
var aheadOfAll = semaphore.NewWeighted(maxAllAhead)

// orderedWriter puts the packets of an upload in order: the library handles several at a time.
type orderedWriter struct {
	upload *tree.Upload
	closed func()

	mu sync.Mutex
	// before are the bytes of the file that was there and not emptied: with fewer, its end would be meant to stay.
	before int64
	next   int64
	ahead  map[int64][]byte
	held   int64
	broken error
}

func (w *orderedWriter) WriteAt(content []byte, offset int64) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return 0, w.broken
	}
	if offset != w.next {
		if !w.hold(content, offset) {
			w.fail(errNotInOrder)
			return 0, w.broken
		}
		return len(content), nil
	}
	for due, ok := content, true; ok; {
		if _, err := w.upload.Write(due); err != nil {
			w.broken = explained(err)
			return 0, w.broken
		}
		w.next += int64(len(due))
		if due, ok = w.ahead[w.next]; ok {
			delete(w.ahead, w.next)
			w.release(cost(due))
		}
	}
	return len(content), nil
}

// hold keeps a packet until it is due. @returns whether there is room for it
func (w *orderedWriter) hold(content []byte, offset int64) bool {
	_, twice := w.ahead[offset]
	if twice || len(content) == 0 || offset < w.next || w.held+cost(content) > maxAhead || !aheadOfAll.TryAcquire(cost(content)) {
		return false
	}
	if w.ahead == nil {
		w.ahead = map[int64][]byte{}
	}
	w.held += cost(content)
	w.ahead[offset] = slices.Clone(content)
	return true
}

// endsAt says whether a size is that of what has come; if so, the client has said that the file ends there.
func (w *orderedWriter) endsAt(size uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if uint64(w.next) != size || len(w.ahead) > 0 {
		return false
	}
	w.before = 0
	return true
}

func (w *orderedWriter) release(n int64) {
	w.held -= n
	aheadOfAll.Release(n)
}

func cost(packet []byte) int64 { return max(minPacket, int64(len(packet))) }

func (w *orderedWriter) fail(err error) {
	w.broken = err
	w.upload.Fail(err)
}

// TransferError is of a session that ended before the file was closed.
func (w *orderedWriter) TransferError(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail(err)
}

// Close stores the file; the client is told of its error.
func (w *orderedWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.closed()
	if (len(w.ahead) > 0 || w.next < w.before) && w.broken == nil {
		w.fail(errNotInOrder)
	}
	w.release(w.held)
	w.ahead = nil
	return explained(w.upload.Close())
}

// streamReader reads a file that is asked for in small pieces, more or less in order, by one request to the store for as
// long as that order lasts.
type streamReader struct {
	tree   *tree.Tree
	path   string
	closed func()

	mu     sync.Mutex
	stream io.ReadCloser
	// window is what was read last; it begins at the file's offset start.
	window   []byte
	start    int64
	atTheEnd bool
}

func (r *streamReader) ReadAt(to []byte, offset int64) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if offset < 0 {
		return 0, errBadOffset
	}
	if r.stream == nil || offset < r.start || offset > r.end()+windowBytes {
		if err := r.reopen(offset); err != nil {
			return 0, explained(err)
		}
	}
	for r.end() < offset+int64(len(to)) && !r.atTheEnd {
		if err := r.more(); err != nil {
			r.giveUp()
			return 0, explained(err)
		}
	}
	if offset >= r.end() {
		return 0, io.EOF
	}
	n := copy(to, r.window[offset-r.start:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

func (r *streamReader) end() int64 { return r.start + int64(len(r.window)) }

func (r *streamReader) reopen(offset int64) error {
	r.giveUp()
	stream, err := r.tree.Read(r.path, offset)
	if err != nil {
		return err
	}
	r.stream, r.window, r.start, r.atTheEnd = stream, r.window[:0], offset, false
	return nil
}

// more reads the next piece into the window, and drops what is too long ago.
func (r *streamReader) more() error {
	if r.window == nil {
		r.window = make([]byte, 0, 2*windowBytes)
	}
	if len(r.window) == cap(r.window) {
		kept := copy(r.window, r.window[windowBytes:])
		r.window = r.window[:kept]
		r.start += windowBytes
	}
	n, err := r.stream.Read(r.window[len(r.window):cap(r.window)])
	r.window = r.window[:len(r.window)+n]
	if err == io.EOF {
		r.atTheEnd = true
		return nil
	}
	return err
}

func (r *streamReader) giveUp() {
	if r.stream != nil {
		r.stream.Close()
		r.stream = nil
	}
}

// Close is called by the library at the end of the file or of the session.
func (r *streamReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.giveUp()
	r.closed()
	return nil
}

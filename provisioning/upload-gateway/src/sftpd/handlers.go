package sftpd

import (
	"errors"
	"io"
	"io/fs"
	"sync"

	"github.com/pkg/sftp"

	"xwmooc/upload-gateway/tree"
)

// maxHandles are the files and folders that are open at a time in all sessions: each has some memory.
const maxHandles = 128

var (
	handles = make(chan struct{}, maxHandles)

	errManyHandles = errors.New("too many files are open at a time: please try again later")
)

// hold counts a file or folder that is opened. @returns what ends it
func hold() (func(), error) {
	select {
	case handles <- struct{}{}:
		return sync.OnceFunc(func() { <-handles }), nil
	default:
		return nil, errManyHandles
	}
}

// handlers serve one session's tree to the library.
type handlers struct {
	tree *tree.Tree

	mu sync.Mutex
	// Files that are coming in, by path: their time may be set before they are there.
	uploads map[string]*orderedWriter
}

func newHandlers(t *tree.Tree) *handlers {
	return &handlers{tree: t, uploads: map[string]*orderedWriter{}}
}

// Fileread opens a file for reading.
func (h *handlers) Fileread(request *sftp.Request) (io.ReaderAt, error) {
	release, err := hold()
	if err != nil {
		return nil, err
	}
	reader := &streamReader{tree: h.tree, path: request.Filepath, closed: release}
	if err := reader.reopen(0); err != nil {
		release()
		return nil, explained(err)
	}
	return reader, nil
}

// Filewrite opens a file for writing: always a whole new one.
func (h *handlers) Filewrite(request *sftp.Request) (io.WriterAt, error) {
	before, err := h.before(request)
	if err != nil {
		return nil, explained(err)
	}
	release, err := hold()
	if err != nil {
		return nil, err
	}
	upload, err := h.tree.Create(request.Filepath)
	if err != nil {
		release()
		return nil, explained(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	writer := &orderedWriter{upload: upload, before: before}
	writer.closed = func() { release(); h.closed(request.Filepath, writer) }
	h.uploads[request.Filepath] = writer
	return writer, nil
}

// before gives the bytes of a file that the client does not want to be emptied when it is opened.
func (h *handlers) before(request *sftp.Request) (int64, error) {
	switch flags := request.Pflags(); {
	case flags.Append:
		return 0, h.tree.NoResume(request.Filepath)
	case flags.Excl:
		return 0, h.tree.Exists(request.Filepath)
	case flags.Trunc:
		return 0, nil
	}
	info, err := h.tree.Stat(request.Filepath)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (h *handlers) closed(path string, writer *orderedWriter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.uploads[path] == writer {
		delete(h.uploads, path)
	}
}

// Filecmd changes what is not a file's content.
func (h *handlers) Filecmd(request *sftp.Request) error {
	switch request.Method {
	case "Setstat":
		return explained(h.setstat(request))
	case "Rename":
		return explained(h.tree.Rename(request.Filepath, request.Target, false))
	case "Rmdir":
		return explained(h.tree.RemoveDir(request.Filepath))
	case "Mkdir":
		return explained(h.tree.Mkdir(request.Filepath))
	case "Remove":
		return explained(h.tree.Remove(request.Filepath))
	default:
		return sftp.ErrSSHFxOpUnsupported
	}
}

// PosixRename replaces what has the new name.
func (h *handlers) PosixRename(request *sftp.Request) error {
	return explained(h.tree.Rename(request.Filepath, request.Target, true))
}

// setstat keeps the time. Owners and modes mean nothing here: a client that sets them is not refused.
func (h *handlers) setstat(request *sftp.Request) error {
	h.mu.Lock()
	writer := h.uploads[request.Filepath]
	h.mu.Unlock()
	if request.AttrFlags().Size {
		if err := h.keepsSize(request, writer); err != nil {
			return err
		}
	}
	if !request.AttrFlags().Acmodtime {
		return nil
	}
	modified := request.Attributes().ModTime()
	if writer != nil {
		writer.upload.SetModified(modified)
		return nil
	}
	return h.tree.SetModified(request.Filepath, modified)
}

// keepsSize refuses to change a file's size. scp sets the one that the file has; lftp sets the one that the file is to have,
// before it sends the file, and does not mind.
func (h *handlers) keepsSize(request *sftp.Request, writer *orderedWriter) error {
	size := request.Attributes().Size
	if writer != nil {
		if writer.endsAt(size) {
			return nil
		}
		return tree.ErrNoResume
	}
	info, err := h.tree.Stat(request.Filepath)
	if err == nil && uint64(info.Size()) != size {
		err = h.tree.NoResume(request.Filepath)
	}
	return err
}

// Filelist lists a folder, or describes a file.
func (h *handlers) Filelist(request *sftp.Request) (sftp.ListerAt, error) {
	switch request.Method {
	case "List":
		release, err := hold()
		if err != nil {
			return nil, err
		}
		infos, err := h.tree.ReadDir(request.Filepath)
		if err != nil {
			release()
			return nil, explained(err)
		}
		return &lister{infos, release}, nil
	case "Stat":
		info, err := h.tree.Stat(request.Filepath)
		if err != nil {
			return nil, explained(err)
		}
		return &lister{[]fs.FileInfo{info}, func() {}}, nil
	default:
		return nil, sftp.ErrSSHFxOpUnsupported
	}
}

// lister hands out what is listed in parts.
type lister struct {
	infos  []fs.FileInfo
	closed func()
}

func (l *lister) ListAt(to []fs.FileInfo, offset int64) (int, error) {
	if offset >= int64(len(l.infos)) {
		return 0, io.EOF
	}
	n := copy(to, l.infos[offset:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

// Close is called by the library when the folder is closed, or the session ends.
func (l *lister) Close() error {
	l.closed()
	return nil
}

// explained has the library send the error's text, with the code of the protocol that fits: of errors that it knows, it
// sends its own text.
func explained(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	case errors.Is(err, fs.ErrPermission):
		return coded{err.Error(), sftp.ErrSSHFxPermissionDenied}
	default:
		return errors.New(err.Error())
	}
}

// coded is a text with a code of the protocol.
type coded struct {
	text string
	code error
}

func (c coded) Error() string { return c.text }
func (c coded) Unwrap() error { return c.code }

package ftpd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"

	"xwmooc/upload-gateway/store"
	"xwmooc/upload-gateway/tree"
)

// driver serves one session's tree to the library.
type driver struct {
	// Fs is nil: what the library may call of it stands below.
	afero.Fs
	session *session
	tree    *tree.Tree
}

func (d *driver) Stat(name string) (fs.FileInfo, error) { return d.tree.Stat(name) }

func (d *driver) ReadDir(name string) ([]fs.FileInfo, error) {
	defer d.session.begin()()
	return d.tree.ReadDir(name)
}

func (d *driver) Mkdir(name string, _ os.FileMode) error { return d.tree.Mkdir(name) }
func (d *driver) Remove(name string) error               { return d.tree.Remove(name) }
func (d *driver) RemoveDir(name string) error            { return d.tree.RemoveDir(name) }

func (d *driver) Rename(from, to string) error {
	defer d.session.begin()()
	return d.tree.Rename(from, to, true)
}

func (d *driver) Chtimes(name string, _, modified time.Time) error {
	return d.tree.SetModified(name, modified)
}

// GetHandle opens a file for RETR, STOR or APPE.
func (d *driver) GetHandle(name string, flags int, offset int64) (ftpserver.FileTransfer, error) {
	if flags&os.O_WRONLY == 0 {
		content, err := d.tree.Read(name, offset)
		if err != nil {
			return nil, err
		}
		return &download{content: content, end: d.session.begin()}, nil
	}
	if flags&os.O_APPEND != 0 || offset != 0 {
		return nil, d.tree.NoResume(name)
	}
	file, err := d.tree.Create(name)
	if err != nil {
		return nil, err
	}
	file.Complete = d.session.isComplete
	return &upload{file: file, end: d.session.begin()}, nil
}

// upload is a file that comes in. The library answers 226 after Close has returned, and by its error.
type upload struct {
	file *tree.Upload
	end  func()
	// hasData is set when the data connection was opened, and something or nothing has come on it.
	hasData bool
}

func (u *upload) Write(content []byte) (int, error) {
	u.hasData = true
	n, err := u.file.Write(content)
	return n, coded(err)
}

func (u *upload) Read([]byte) (int, error)       { return 0, fs.ErrInvalid }
func (u *upload) Seek(int64, int) (int64, error) { return 0, fs.ErrInvalid }
func (u *upload) TransferError(err error)        { u.file.Fail(err) }

func (u *upload) Close() error {
	defer u.end()
	// The library closes a file that it has given up, too, and does not always say so before. Where all is well it has
	// written at least once, if only nothing.
	if !u.hasData {
		u.file.Fail(errNoData)
	}
	return coded(u.file.Close())
}

var errNoData = errors.New("no data connection")

// coded has the library answer 552 where the store is full.
func coded(err error) error {
	if errors.Is(err, store.ErrFull) {
		return fmt.Errorf("%w: %w", ftpserver.ErrStorageExceeded, err)
	}
	return err
}

// download is a file that goes out; it begins at the offset that was asked for.
type download struct {
	content io.ReadCloser
	end     func()
}

func (d *download) Read(buffer []byte) (int, error)         { return d.content.Read(buffer) }
func (d *download) Write([]byte) (int, error)               { return 0, fs.ErrInvalid }
func (d *download) Seek(offset int64, _ int) (int64, error) { return offset, nil }

func (d *download) Close() error {
	defer d.end()
	return d.content.Close()
}

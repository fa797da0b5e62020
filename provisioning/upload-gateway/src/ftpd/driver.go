package ftpd

import (
	"errors"
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

// note tells the outcome of the command that the library executes just now. @returns the error
func (d *driver) note(err error) error { return d.session.control.outcome().note(err) }

func (d *driver) Stat(name string) (fs.FileInfo, error) {
	stat := d.tree.Stat
	if d.session.control.outcome().isEntry {
		stat = d.tree.StatFolder
	}
	info, err := stat(name)
	return info, d.note(err)
}

func (d *driver) ReadDir(name string) ([]fs.FileInfo, error) {
	defer d.session.begin()()
	infos, err := d.tree.ReadDir(name)
	return infos, d.note(err)
}

func (d *driver) Mkdir(name string, _ os.FileMode) error { return d.note(d.tree.Mkdir(name)) }
func (d *driver) Remove(name string) error               { return d.note(d.tree.Remove(name)) }
func (d *driver) RemoveDir(name string) error            { return d.note(d.tree.RemoveDir(name)) }

func (d *driver) Rename(from, to string) error {
	defer d.session.begin()()
	return d.note(d.tree.Rename(from, to, true))
}

func (d *driver) Chtimes(name string, _, modified time.Time) error {
	return d.note(d.tree.SetModified(name, modified))
}

// GetHandle opens a file for RETR, STOR or APPE.
func (d *driver) GetHandle(name string, flags int, offset int64) (ftpserver.FileTransfer, error) {
	outcome := d.session.control.outcome()
	if flags&os.O_WRONLY == 0 {
		content, err := d.tree.Read(name, offset)
		if err != nil {
			return nil, outcome.note(err)
		}
		return &download{content: content, outcome: outcome, end: d.session.begin()}, nil
	}
	if flags&os.O_APPEND != 0 || offset != 0 {
		return nil, outcome.note(d.tree.NoResume(name))
	}
	file, err := d.tree.Create(name)
	if err != nil {
		return nil, outcome.note(err)
	}
	u := &upload{file: file, outcome: outcome, end: d.session.begin()}
	file.Complete = func() bool {
		u.isCut = !d.session.isComplete(outcome)
		return !u.isCut
	}
	return u, nil
}

// upload is a file that comes in. The library answers 226 after Close has returned, and by its error.
type upload struct {
	file *tree.Upload
	// outcome is of the command that began this: the library may close it when the client is at its next one.
	outcome *outcome
	end     func()
	// hasData is set when the data connection was opened, and something or nothing has come on it.
	hasData   bool
	hasFailed bool
	// isCut is set where it is the client, or the way to it, that has failed.
	isCut bool
}

func (u *upload) Write(content []byte) (int, error) {
	u.hasData = true
	n, err := u.file.Write(content)
	u.hasFailed = err != nil
	return n, err
}

func (u *upload) Read([]byte) (int, error)       { return 0, fs.ErrInvalid }
func (u *upload) Seek(int64, int) (int64, error) { return 0, fs.ErrInvalid }

func (u *upload) TransferError(err error) {
	u.isCut = !u.hasFailed
	u.file.Fail(err)
}

func (u *upload) Close() error {
	defer u.end()
	// The library closes a file that it has given up, too, and does not always say so before. Where all is well it has
	// written at least once, if only nothing.
	if !u.hasData {
		u.file.Fail(errNoData)
	}
	err := u.file.Close()
	if !u.isCut {
		u.outcome.note(err)
	}
	return err
}

var errNoData = errors.New("no data connection")

// download is a file that goes out; it begins at the offset that was asked for.
type download struct {
	content io.ReadCloser
	outcome *outcome
	end     func()
}

func (d *download) Read(buffer []byte) (int, error) {
	n, err := d.content.Read(buffer)
	if err != nil && err != io.EOF {
		d.outcome.note(store.Unavailable{Cause: err})
	}
	return n, err
}

func (d *download) Write([]byte) (int, error)               { return 0, fs.ErrInvalid }
func (d *download) Seek(offset int64, _ int) (int64, error) { return offset, nil }

func (d *download) Close() error {
	defer d.end()
	return d.content.Close()
}

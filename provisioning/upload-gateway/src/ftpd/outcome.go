package ftpd

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"xwmooc/upload-gateway/store"
	"xwmooc/upload-gateway/tree"
)

// statusPassing is the library's StatusActionNotTaken, of what may succeed later.
const statusPassing = 451

// outcome is how a command ends that the library was given. The library knows of most errors no more than that they are
// some; the driver notes here which, for the code of the reply. Clients try again by themselves after 4xx, not after 5xx.
type outcome struct {
	isTransfer bool
	// isEntry is set where the client wants to go into a folder.
	isEntry bool
	// code is of the last error of the driver's; 0 is none.
	code atomic.Int32
	// isOpen is set when the data connection is there.
	isOpen    atomic.Bool
	isAborted atomic.Bool
	// ended is closed at the reply, and from the beginning where nothing can come before it.
	ended chan struct{}
	end   func()
}

func newOutcome(verb string) *outcome {
	o := &outcome{isTransfer: transfers[verb], isEntry: verb == "CWD" || verb == "XCWD", ended: make(chan struct{})}
	o.end = sync.OnceFunc(func() { close(o.ended) })
	if !o.isTransfer {
		o.end()
	}
	return o
}

func (o *outcome) isUnderWay() bool {
	select {
	case <-o.ended:
		return false
	default:
		return true
	}
}

// note keeps what an error of the tree's means, or that there is none. @returns the error
func (o *outcome) note(err error) error {
	code := 0
	switch {
	case err == nil:
	case isPassing(err):
		code = statusPassing
	case errors.Is(err, store.ErrFull), errors.Is(err, tree.ErrTooLarge):
		code = ftpserver.StatusActionAborted
	case errors.Is(err, tree.ErrBadName):
		code = ftpserver.StatusActionNotTakenNoFile
	default:
		code = ftpserver.StatusActionNotTaken
	}
	o.code.Store(int32(code))
	return err
}

// isPassing says whether the same may succeed later.
func isPassing(err error) bool {
	return errors.As(err, new(store.Unavailable)) || errors.Is(err, tree.ErrBusy)
}

// translated is the library's reply with the right code.
func (o *outcome) translated(code int, reply string) string {
	if code < 400 {
		o.isOpen.Store(o.isOpen.Load() || code == ftpserver.StatusFileStatusOK)
		return reply
	}
	right := code
	switch noted := int(o.code.Load()); {
	case o.isAborted.Load():
		return replyAborted
	case noted != 0:
		right = noted
	case code == ftpserver.StatusActionNotTaken && o.isOpen.Load():
		// Nothing is wrong with the file.
		right = ftpserver.StatusTransferAborted
	}
	lines := strings.SplitAfter(reply, "\n")
	for i, line := range lines {
		if rest, ok := strings.CutPrefix(line, strconv.Itoa(code)); ok {
			lines[i] = fmt.Sprint(right) + rest
		}
	}
	return strings.Join(lines, "")
}

// lastCode is the code of a reply that is complete; 0 is of one that is not.
func lastCode(reply []byte) int {
	text, ok := bytes.CutSuffix(reply, []byte("\r\n"))
	line := text[bytes.LastIndexByte(text, '\n')+1:]
	if !ok || len(line) < 4 || line[3] != ' ' {
		return 0
	}
	code, _ := strconv.Atoi(string(line[:3]))
	return code
}

package ftpd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
)

const (
	// A longer line ends the session.
	maxLine = 8 << 10
	// The library ends the session without a word at a line that does not fit into its buffer, its end included.
	maxLibraryLine = 4096
	// A client that sends a longer line still gets the answer, if the line ends after so many more lines' length.
	skippedLines = 16
	// Lines that are read ahead. A client that sends more waits.
	linesAhead = 16
)

// filter is the control connection that the library gets: decrypted, and with one command at a time. The library writes
// what it has to say about a transfer from another goroutine than all else, into one buffer, so that replies get lost
// or the process dies; of commands that wait for the end of the transfer this is not so, and no others come through here.
// In between it reads ahead, for the two things that can't wait: ABOR, and the end of a client.
//
// But for receive and abort, and for what Write does at a transfer's end, all this runs in the library's goroutine for
// commands: what has no lock is of that goroutine.
type filter struct {
	*controlConn
	session *session
	// client is the connection itself, or TLS on it.
	client net.Conn
	in     *bufio.Reader
	// lines come from receive.
	lines chan string
	// goOn lets receive read on after AUTH: from then on it may read TLS.
	goOn chan struct{}
	// command is what the library has still to read of one, and reply what it has written of one.
	command, reply []byte

	isEncrypted bool
	// isProtected is set where data connections are encrypted.
	isProtected bool

	mu sync.Mutex
	// current is how the last command ends that the library was given.
	current *outcome
	// aborts are the ABOR in lines.
	aborts int
	// isOver is set when the client sends nothing more.
	isOver bool
}

func newFilter(s *session, conn *controlConn) *filter {
	f := &filter{
		controlConn: conn, session: s, client: conn, in: bufio.NewReaderSize(conn, maxLine),
		lines: make(chan string, linesAhead), goOn: make(chan struct{}, 1), current: newOutcome(""),
	}
	if s.server.config.Mode == Implicit {
		f.encrypt()
		f.isProtected = true
	}
	return f
}

func (f *filter) encrypt() {
	f.client = tls.Server(f.controlConn, f.session.server.config.TLS)
	f.in.Reset(f.client)
	f.isEncrypted = true
}

// receive reads lines until the client's end.
func (f *filter) receive() {
	defer close(f.lines)
	for {
		line, err := f.in.ReadSlice('\n')
		if err != nil {
			f.over(err)
			return
		}
		// Clients put Telnet's signals before ABOR: IP, "interrupt process", and Synch. No command begins with such bytes.
		for line[0] >= 0xf0 {
			line = line[1:]
		}
		command := string(bytes.TrimRight(line, "\r\n"))
		verb, _ := parse(command)
		if verb == "ABOR" {
			f.abort()
		}
		select {
		case f.lines <- command:
		case <-f.session.ctx.Done():
			return
		}
		if verb != "AUTH" {
			continue
		}
		select {
		case <-f.goOn:
		case <-f.session.ctx.Done():
			return
		}
	}
}

// over ends the session where the client is at fault or has died. Commands that a client leaves behind are served.
func (f *filter) over(err error) {
	isAtFault := true
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		// What is not read makes the system of this machine take back the answer.
		for i := 0; i < skippedLines && errors.Is(err, bufio.ErrBufferFull); i++ {
			_, err = f.in.ReadSlice('\n')
		}
		f.say(replyLongLine)
	case errors.Is(err, os.ErrDeadlineExceeded):
		f.say(replyTimeout)
	default:
		isAtFault = false
	}
	f.mu.Lock()
	f.isOver = true
	hasDied := f.current.isUnderWay()
	f.mu.Unlock()
	if isAtFault || hasDied {
		f.session.cancel()
	}
}

// abort ends a transfer by ending its data connection. ABOR is answered in its turn, after the transfer.
func (f *filter) abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.aborts++
	f.abortCurrent()
}

func (f *filter) abortCurrent() {
	if f.aborts > 0 && f.current.isUnderWay() {
		f.current.isAborted.Store(true)
		f.session.closeData()
	}
}

// outcome is how the last command ends that the library was given.
func (f *filter) outcome() *outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// Read gives the library its next command, when the one before has ended.
func (f *filter) Read(buffer []byte) (int, error) {
	if len(f.command) == 0 {
		verb, param, ok := f.next()
		if !ok {
			return 0, io.EOF
		}
		if param != "" {
			verb += " " + param
		}
		f.command = []byte(verb + "\r\n")
	}
	n := copy(buffer, f.command)
	f.command = f.command[n:]
	return n, nil
}

// next answers commands up to one that is the library's.
func (f *filter) next() (verb, param string, ok bool) {
	for {
		select {
		case <-f.outcome().ended:
		case <-f.session.ctx.Done():
		}
		line, ok := <-f.lines
		if !ok || f.session.ctx.Err() != nil {
			return "", "", false
		}
		verb, param := parse(line)
		reply := f.answer(verb, param)
		if reply == "" {
			f.give(verb)
			return verb, param, true
		}
		f.say(reply)
		switch reply {
		case replyEncrypt:
			f.encrypt()
		case replyEarly, replyClearLogin:
			return "", "", false
		}
		switch verb {
		case "AUTH":
			f.goOn <- struct{}{}
		case "ABOR":
			f.mu.Lock()
			f.aborts--
			f.mu.Unlock()
		}
	}
}

// give notes that the library gets a command.
func (f *filter) give(verb string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = newOutcome(verb)
	f.abortCurrent()
	if f.isOver && f.current.isUnderWay() {
		f.session.cancel()
	}
}

// Write takes what the library says, line by line, and sends it reply by reply.
func (f *filter) Write(content []byte) (int, error) {
	f.reply = append(f.reply, content...)
	code := lastCode(f.reply)
	if code == 0 {
		return len(content), nil
	}
	current := f.outcome()
	f.say(current.translated(code, string(f.reply)))
	f.reply = nil
	if code >= 200 {
		current.end()
	}
	return len(content), nil
}

// say sends a reply. A client that does not take it gets no more.
func (f *filter) say(reply string) {
	f.touch()
	if _, err := io.WriteString(f.client, reply); err != nil {
		f.session.cancel()
	}
}

// Close is called where the library wants to hear no more, also not what was read ahead.
func (f *filter) Close() error {
	defer f.session.cancel()
	return f.client.Close()
}

// parse splits a command as the library does.
func parse(line string) (verb, param string) {
	verb, param, _ = strings.Cut(line, " ")
	return strings.ToUpper(verb), param
}

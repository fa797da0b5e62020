package ftpd

import (
	"fmt"
	"strings"
)

// Replies of the filter's own. Those that begin a change, or end the session, are known by themselves.
const (
	replyAborted    = "426 The transfer was aborted\r\n"
	replyLongLine   = "500 The line is too long\r\n"
	replyTimeout    = "421 Nothing was said for too long\r\n"
	replyEncrypt    = "234 Go on with TLS\r\n"
	replyEarly      = "503 Nothing can follow AUTH before TLS has begun\r\n"
	replyClearLogin = "530 encryption is required: choose explicit FTP over TLS\r\n"
	replyClear      = "530 Say AUTH TLS first: encryption is required\r\n"
	replyLogin      = "530 Please log in with USER and PASS\r\n"
)

var (
	// transfers use a data connection.
	transfers = set("LIST NLST MLSD RETR STOR APPE")
	// served are the commands that the library gets. All of them wait there for the end of a transfer.
	served = set(`USER PASS CLNT FEAT SYST NOOP OPTS QUIT SITE PASV EPSV LIST NLST MLSD MLST RETR STOR APPE REST ALLO MODE
		SIZE MDTM MFMT DELE RNFR RNTO CWD XCWD CDUP PWD XPWD MKD XMKD RMD XRMD`)
	beforeTLS   = set("AUTH FEAT QUIT NOOP OPTS CLNT SYST")
	beforeLogin = set("AUTH FEAT QUIT NOOP OPTS CLNT SYST USER PASS PBSZ PROT")
)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

// answer is the reply to a command that is not the library's; "" is of one that is.
func (f *filter) answer(verb, param string) string {
	isLoggedIn := f.isIn.Load()
	switch {
	case f.session.server.config.Mode == Explicit && !f.isEncrypted && !beforeTLS[verb]:
		if verb == "USER" {
			return replyClearLogin
		}
		return replyClear
	case !isLoggedIn && !beforeLogin[verb]:
		return replyLogin
	}
	switch verb {
	case "AUTH":
		return f.auth(param)
	case "PBSZ":
		return f.ifEncrypted("200 PBSZ=0\r\n")
	case "PROT":
		return f.prot(param)
	case "TYPE":
		return typed(param)
	case "ABOR":
		return "226 Nothing is transferred any more\r\n"
	case "USER", "PASS":
		if isLoggedIn {
			return "503 You are logged in\r\n"
		}
	case "PASV", "EPSV":
		// The library would only see later that the client speaks in clear on it.
		if !f.isProtected && f.session.server.config.Mode != Plain {
			return "522 encryption is required: say PROT P before\r\n"
		}
	}
	switch {
	case !served[verb]:
		return fmt.Sprintf("502 There is no command %.20q here\r\n", verb)
	case len(verb)+len(param)+len(" \r\n") > maxLibraryLine:
		return replyLongLine
	}
	return ""
}

// auth begins TLS. AUTH SSL is the old name of the same.
func (f *filter) auth(mechanism string) string {
	switch mechanism = strings.ToUpper(mechanism); {
	case f.isEncrypted:
		return "503 The connection is encrypted already\r\n"
	case f.isIn.Load():
		return "503 AUTH comes before USER and PASS\r\n"
	case mechanism != "TLS" && mechanism != "TLS-C" && mechanism != "SSL":
		return "504 There is only AUTH TLS\r\n"
	case f.in.Buffered() > 0:
		// Somebody on the way could have put it there, for it to be taken as said under encryption.
		return replyEarly
	}
	return replyEncrypt
}

// prot says whether data connections are encrypted.
func (f *filter) prot(level string) string {
	switch strings.ToUpper(level) {
	case "P":
		f.isProtected = f.isEncrypted
		return f.ifEncrypted("200 Data connections are encrypted\r\n")
	case "C":
		if f.session.server.config.Mode != Plain {
			return "534 encryption is required: say PROT P\r\n"
		}
		f.isProtected = false
		return f.ifEncrypted("200 Data connections are not encrypted\r\n")
	}
	return "536 There are only PROT P and PROT C\r\n"
}

func (f *filter) ifEncrypted(reply string) string {
	if !f.isEncrypted {
		return "503 Say AUTH TLS first\r\n"
	}
	return reply
}

// typed answers TYPE, of which the library learns nothing: it would change the ends of lines on the way, and refuse SIZE
// and REST. Bytes are stored as they come and given as they are, whatever a client says; vsftpd does so, too. FileZilla
// says TYPE A for .html, .css and .js by itself: on Windows it sends such a file as it is, elsewhere it puts CRLF for LF
// before, and takes it back after a download.
func typed(param string) string {
	switch strings.ToUpper(strings.ReplaceAll(param, " ", "")) {
	case "I", "L8":
		return "200 Type set to binary\r\n"
	case "A", "AN":
		return "200 Type set to ASCII; nothing is changed on the way\r\n"
	}
	return "504 There are only TYPE I and TYPE A\r\n"
}

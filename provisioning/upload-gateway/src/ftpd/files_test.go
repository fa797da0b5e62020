package ftpd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestListings(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "index.html", "12345")
	s.swift.Put("pi", "이미지/a.png", "x")
	c := connect(t, s.address).login()
	if got := lines(c.reads("MLSD /")); len(got) != 1 || !strings.HasPrefix(got[0], "Type=dir;") || !strings.HasSuffix(got[0], "; pi") {
		t.Errorf("the topmost folder has %q", got)
	}
	got := lines(c.reads("MLSD /pi"))
	slices.Sort(got)
	if len(got) != 3 || !strings.Contains(got[0], "Type=dir;") || !strings.HasSuffix(got[0], "; 이미지") ||
		!strings.HasPrefix(got[1], "Type=file;Size=") || !slices.ContainsFunc(got, func(line string) bool {
		return strings.HasPrefix(line, "Type=file;Size=5;Modify=") && strings.HasSuffix(line, "; index.html")
	}) {
		t.Errorf("the course has %q", got)
	}
	c.wants(250, "CWD /pi")
	if got := lines(c.reads("NLST")); !slices.Equal(got, []string{".publish-status.txt", "index.html", "이미지"}) {
		t.Errorf("the names are %q", got)
	}
	if got := c.reads("LIST -la"); strings.Count(got, "\r\n") != 3 || !strings.Contains(got, "-rw-r--r--") && !strings.Contains(got, "-rw-") {
		t.Errorf("the list is %q", got)
	}
	if got := c.reads("LIST 이미지"); !strings.HasSuffix(got, " a.png\r\n") {
		t.Errorf("the list is %q", got)
	}
	c.passive()
	c.wants(550, "MLSD /none")
	c.wants(550, "CWD /none")
	c.wants(550, "CWD /pi/index.html")
	c.wants(250, "CDUP")
	if text := c.wants(257, "PWD"); !strings.Contains(text, `"/"`) {
		t.Errorf("the folder is %q", text)
	}
}

func TestListOfTenThousand(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for i := range 10_000 {
		s.swift.Put("pi", fmt.Sprintf("many/%05d.html", i), "")
	}
	c := connect(t, s.address).login()
	if got := lines(c.reads("MLSD /pi/many")); len(got) != 10_000 {
		t.Errorf("there are %d lines", len(got))
	}
}

func TestSizeAndTimes(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	if code, text := c.stores("/pi/a", []byte("12345")); code != 226 {
		t.Fatal(text)
	}
	if text := c.wants(213, "SIZE /pi/a"); text != "213 5\r\n" {
		t.Errorf("the size is %q", text)
	}
	c.wants(213, "MFMT 20140506070809 /pi/a")
	if text := c.wants(213, "MDTM /pi/a"); text != "213 20140506070809\r\n" {
		t.Errorf("the time is %q", text)
	}
	s.holds(t, "a", "12345")
	for _, command := range []string{"SIZE /pi/none", "SIZE /pi", "MDTM /pi/none", "MFMT 20140506070809 /pi/none", "SIZE /none/a"} {
		c.wants(550, "%s", command)
	}
	if text := c.wants(211, "FEAT"); !strings.Contains(text, "MFMT") || !strings.Contains(text, "AUTH TLS") || !strings.Contains(text, "UTF8") {
		t.Errorf("the features are %q", text)
	}
}

func TestChangesOfNames(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s.address).login()
	c.wants(257, "MKD /pi/폴더")
	if code, text := c.stores("/pi/폴더/a", []byte("x")); code != 226 {
		t.Fatal(text)
	}
	c.wants(350, "RNFR /pi/폴더/a")
	c.wants(250, "RNTO /pi/폴더/b")
	s.holds(t, "폴더/b", "x")
	c.wants(350, "RNFR /pi/폴더")
	c.wants(250, "RNTO /pi/folder")
	s.holds(t, "folder/b", "x")
	c.wants(350, "RNFR /pi/folder")
	if text := c.wants(550, "RNTO /pi/folder/below"); !strings.Contains(text, "into itself") {
		t.Errorf("the words are %q", text)
	}
	c.wants(250, "RNTO /pi/folder")
	c.wants(503, "RNTO /pi/c")
	c.wants(550, "RNFR /pi/none")
	if text := c.wants(550, "RMD /pi/folder"); !strings.Contains(text, "not empty") {
		t.Errorf("the words are %q", text)
	}
	c.wants(550, "DELE /pi/folder")
	c.wants(250, "DELE /pi/folder/b")
	c.wants(550, "DELE /pi/folder/b")
	c.wants(250, "RMD /pi/folder")
	c.wants(550, "RMD /pi")
	if got := s.swift.Names("pi"); len(got) > 0 {
		t.Errorf("there is %q", got)
	}
}

func TestDownloadFromAnOffset(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "0123456789")
	c := connect(t, s.address).login()
	for offset, want := range map[int]string{4: "456789", 10: "", 99: ""} {
		c.wants(350, "REST %d", offset)
		if got := c.reads("RETR /pi/a"); got != want {
			t.Errorf("from %d there is %q", offset, got)
		}
	}
	if got := c.reads("RETR /pi/a"); got != "0123456789" {
		t.Errorf("afterwards there is %q", got)
	}
	for _, path := range []string{"/pi/a", "/pi/.publish-status.txt"} {
		c.passive()
		c.wants(350, "REST -4")
		c.wants(550, "RETR %s", path)
	}
}

func TestSiteStatus(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil).address).login()
	want := "200-live: all that is stored of pi\r\n200 last publication: never\r\n"
	for _, command := range []string{"SITE STATUS pi", "site status pi", "SITE STATUS /pi"} {
		if _, text := c.says("%s", command); text != want {
			t.Errorf("%s says %q", command, text)
		}
	}
	c.wants(550, "SITE STATUS none")
	for _, command := range []string{"SITE", "SITE STATUS", "SITE CHMOD 777 /pi", "SITE CHMOD", "SITE SYMLINK /pi /a", "SITE MKDIR /pi/x"} {
		c.wants(502, "%s", command)
	}
	if got := c.reads("RETR /pi/.publish-status.txt"); !strings.HasPrefix(got, "live") {
		t.Errorf("the file says %q", got)
	}
}

func TestSessionsEndCleanly(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for range 5 {
		c := connect(t, s.address).login()
		c.passive()
		c.wants(229, "EPSV")
		c.wants(221, "QUIT")
	}
	began := time.Now()
	s.allGone(t)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

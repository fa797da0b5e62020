package sftpd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"xwmooc/upload-gateway/internal/swifttest"
)

func random(seed byte, size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content)
	return content
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(client *sftp.Client, path string, content []byte) error {
	file, err := client.Create(path)
	if err != nil {
		return err
	}
	_, writeErr := file.ReadFrom(bytes.NewReader(content))
	return errors.Join(writeErr, file.Close())
}

func TestUploadsAreStoredAsTheyAre(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	for name, size := range map[string]int{"empty": 0, "one": 1, "한글 파일.html": 70_000, "large": 17 << 20} {
		content := random(1, size)
		must(t, put(client, "/pi/"+name, content))
		s.holds(t, name, string(content))
		file, err := client.Open("/pi/" + name)
		must(t, err)
		var got bytes.Buffer
		if _, err := file.WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("%s: %d bytes are read, or others: %v", name, got.Len(), err)
		}
		file.Close()
	}
}

func TestSuccessComesAfterTheObjectIsStored(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	file, err := client.Create("/pi/a")
	must(t, err)
	_, err = file.Write([]byte("new"))
	must(t, err)
	if got := s.swift.Names("pi"); len(got) > 0 {
		t.Errorf("before its end there is %q", got)
	}
	s.swift.Break(func(*http.Request) swifttest.Fault { return swifttest.Fault{Delay: 500 * time.Millisecond} })
	began := time.Now()
	must(t, file.Close())
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("took %v", took)
	}
	s.holds(t, "a", "new")
}

func TestStoreThatFailsIsAnErrorOfClose(t *testing.T) {
	t.Parallel()
	for status, words := range map[int]string{503: "try again later", 507: "quota"} {
		s := start(t, nil)
		s.swift.Put("pi", "a", "old")
		client := s.login(t).sftp(t)
		file, err := client.Create("/pi/a")
		must(t, err)
		_, err = file.Write([]byte("new"))
		must(t, err)
		s.swift.Break(func(*http.Request) swifttest.Fault { return swifttest.Fault{Status: status} })
		if err := file.Close(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%d gives %v", status, err)
		}
		s.holds(t, "a", "old")
	}
}

func TestPacketsOutOfOrder(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	content := random(2, 1_000_000)
	file, err := client.Create("/pi/a")
	must(t, err)
	const piece = 10_000
	for _, i := range rand.New(rand.NewChaCha8([32]byte{3})).Perm(len(content) / piece) {
		_, err := file.WriteAt(content[i*piece:(i+1)*piece], int64(i*piece))
		must(t, err)
	}
	must(t, file.Close())
	s.holds(t, "a", string(content))
	concurrent := s.login(t).sftp(t, sftp.UseConcurrentWrites(true))
	must(t, put(concurrent, "/pi/b", random(3, 3<<20)))
	s.holds(t, "b", string(random(3, 3<<20)))
	if held := aheadOfAll.TryAcquire(maxAllAhead); !held {
		t.Error("some packets are still counted")
	} else {
		aheadOfAll.Release(maxAllAhead)
	}
}

func TestPartsOfFilesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old content")
	client := s.login(t).sftp(t)
	for name, flags := range map[string]int{
		"append": os.O_WRONLY | os.O_APPEND, "exclusive": os.O_WRONLY | os.O_CREATE | os.O_EXCL,
	} {
		if _, err := client.OpenFile("/pi/a", flags); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s gives %v", name, err)
		}
	}
	for name, flags := range map[string]int{"in place": os.O_WRONLY, "or new": os.O_WRONLY | os.O_CREATE, "read and write": os.O_RDWR} {
		file, err := client.OpenFile("/pi/a", flags)
		must(t, err)
		_, err = file.Write([]byte("new"))
		must(t, err)
		if err := file.Close(); err == nil {
			t.Errorf("%s was stored", name)
		}
		s.holds(t, "a", "old content")
	}
	if err := client.Truncate("/pi/a", 3); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("to truncate gives %v", err)
	}
	s.holds(t, "a", "old content")
	file, err := client.OpenFile("/pi/new", os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	must(t, err)
	must(t, file.Close())
	s.holds(t, "new", "")
}

// scp does so.
func TestFileThatIsEmptiedAtItsEnd(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old content")
	client := s.login(t).sftp(t)
	file, err := client.OpenFile("/pi/a", os.O_WRONLY|os.O_CREATE)
	must(t, err)
	_, err = file.Write([]byte("new"))
	must(t, err)
	must(t, file.Truncate(3))
	must(t, file.Close())
	s.holds(t, "a", "new")
}

func TestTheSizeThatAFileHasMayBeSet(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	file, err := client.Create("/pi/a")
	must(t, err)
	_, err = file.Write([]byte("1234"))
	must(t, err)
	must(t, file.Truncate(4))
	if err := file.Truncate(3); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("another one gives %v", err)
	}
	must(t, file.Close())
	must(t, client.Truncate("/pi/a", 4))
	s.holds(t, "a", "1234")
}

func TestGapsAndRepeatsAreRefused(t *testing.T) {
	t.Parallel()
	for name, offsets := range map[string][]int64{
		"gap": {0, 8}, "resume": {4}, "twice": {0, 0}, "ahead twice": {8, 8, 0, 4}, "back": {0, 4, 2}, "overlap": {6, 4, 0}, "far": {0, 1 << 40},
		"negative": {-4},
	} {
		s := start(t, nil)
		s.swift.Put("pi", "a", "old")
		client := s.login(t).sftp(t)
		file, err := client.Create("/pi/a")
		must(t, err)
		for _, offset := range offsets {
			_, _ = file.WriteAt([]byte("1234"), offset)
		}
		if err := file.Close(); err == nil {
			t.Errorf("%s was stored", name)
		}
		s.holds(t, "a", "old")
	}
}

func TestPacketsAheadAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	file, err := client.Create("/pi/a")
	must(t, err)
	for i := range int64(maxAhead/minPacket + 1) {
		if _, err = file.WriteAt([]byte("x"), 1+i); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("there is no limit")
	}
	if err := file.Close(); err == nil {
		t.Error("it was stored")
	}
}

func TestClientThatIsCutLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.swift.Put("pi", "a", "old")
	content := random(4, 300_000)
	points := rand.New(rand.NewChaCha8([32]byte{5}))
	for i := range 20 {
		conn := s.login(t)
		client := conn.sftp(t)
		file, err := client.Create("/pi/a")
		must(t, err)
		at := []int{0, len(content), points.IntN(len(content))}[min(i, 2)]
		_, err = file.Write(content[:at])
		must(t, err)
		if i%2 == 0 {
			conn.raw.Close()
		} else {
			// An orderly end of all but the file.
			conn.Close()
		}
		s.allGone(t)
		s.holds(t, "a", "old")
	}
}

func TestTimeIsKept(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	client := s.login(t).sftp(t)
	modified := time.Unix(1_400_000_000, 0)
	file, err := client.Create("/pi/during")
	must(t, err)
	must(t, client.Chtimes("/pi/during", modified, modified))
	must(t, file.Chmod(0o600))
	must(t, file.Close())
	must(t, put(client, "/pi/after", []byte("x")))
	must(t, client.Chtimes("/pi/after", modified, modified))
	must(t, client.Chmod("/pi/after", 0o600))
	for _, path := range []string{"/pi/during", "/pi/after"} {
		if info, err := client.Stat(path); err != nil || !info.ModTime().Equal(modified) {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

func TestFiftySessionsAtATime(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	clients := make([]*sftp.Client, 50)
	for i := range clients {
		clients[i] = s.login(t).sftp(t)
	}
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() {
			for j := range 3 {
				if err := put(client, fmt.Sprintf("/pi/%d/%d", i, j), random(byte(i), 10_000*j+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := len(s.swift.Names("pi")); got != 150 {
		t.Errorf("%d files were stored", got)
	}
}

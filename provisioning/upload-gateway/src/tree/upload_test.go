package tree

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"xwmooc/upload-gateway/internal/swifttest"
	"xwmooc/upload-gateway/store"
)

func random(size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
	return content
}

func TestUploadIsStoredWhole(t *testing.T) {
	f := newFixture(t)
	for _, size := range []int{0, 1, freeBytes, freeBytes + 1, segmentBytes} {
		content := string(random(size))
		must(t, f.upload("/pi/a", content))
		f.holds(t, "pi", "a", content)
	}
	if got := f.swift.Names("segments"); len(got) > 0 {
		t.Errorf("there are segments: %q", got)
	}
	if want := []string{"pi:a", "pi:a", "pi:a", "pi:a", "pi:a"}; !slices.Equal(f.notes.announced, want) {
		t.Errorf("announced %q", f.notes.announced)
	}
}

func TestLargeUploadGoesInSegments(t *testing.T) {
	f := newFixture(t)
	content := random(2*segmentBytes + 12345)
	upload, err := f.Create("/pi/film.mp4")
	must(t, err)
	for piece := range slices.Chunk(content, 100_000) {
		_, err := upload.Write(piece)
		must(t, err)
	}
	upload.SetModified(time.Unix(1_400_000_000, 0))
	if got := f.swift.Names("pi"); len(got) > 0 {
		t.Errorf("before its end there is %q", got)
	}
	must(t, upload.Close())
	if got, _ := f.swift.Content("pi", "film.mp4"); got != string(content) {
		t.Errorf("%d bytes were stored, or others", len(got))
	}
	if got := f.swift.Names("segments"); len(got) != 3 {
		t.Errorf("there are %q", got)
	}
	if info, err := f.Stat("/pi/film.mp4"); err != nil || info.ModTime().Unix() != 1_400_000_000 || info.Size() != int64(len(content)) {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestCutUploadLeavesWhatWasThere(t *testing.T) {
	for name, size := range map[string]int{"small": 1000, "large": segmentBytes + freeBytes} {
		for how, cut := range map[string]func(*fixture, *Upload){
			"told":       func(_ *fixture, u *Upload) { u.Fail(errors.New("connection reset")) },
			"incomplete": func(_ *fixture, u *Upload) { u.Complete = func() bool { return false } },
			"session":    func(f *fixture, _ *Upload) { f.end() },
		} {
			f := newFixture(t)
			must(t, f.upload("/pi/a", "old"))
			upload, err := f.Create("/pi/a")
			must(t, err)
			_, err = upload.Write(random(size))
			must(t, err)
			cut(f, upload)
			if err := upload.Close(); err == nil {
				t.Errorf("%s, %s: it was stored", name, how)
			}
			f.holds(t, "pi", "a", "old")
			if len(f.notes.announced) != 1 || f.notes.audited[len(f.notes.audited)-1] != "store /pi/a false" {
				t.Errorf("%s, %s: announced %q, audited %q", name, how, f.notes.announced, f.notes.audited)
			}
		}
	}
	isAllGivenBack(t)
}

// isAllGivenBack says whether no memory is counted as taken. Segments that were under way give theirs back a little later.
func isAllGivenBack(t *testing.T) {
	t.Helper()
	for range 100 {
		if len(open) == 0 && len(slot) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d uploads and %d segments are still counted", len(open), len(slot))
}

func TestStoreThatFailsLeavesWhatWasThere(t *testing.T) {
	for name, size := range map[string]int{"small": 1000, "large": segmentBytes + freeBytes} {
		for how, fault := range map[string]func(*http.Request) swifttest.Fault{
			"503":  func(*http.Request) swifttest.Fault { return swifttest.Fault{Status: 503} },
			"507":  func(*http.Request) swifttest.Fault { return swifttest.Fault{Status: 507} },
			"gone": func(*http.Request) swifttest.Fault { return swifttest.Fault{Reset: true} },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				must(t, f.upload("/pi/a", "old"))
				upload, err := f.Create("/pi/a")
				must(t, err)
				f.swift.Break(fault)
				_, writeErr := upload.Write(random(size))
				err = errors.Join(writeErr, upload.Close())
				if isFull := errors.Is(err, store.ErrFull); err == nil || isFull != (how == "507") || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("got %v", err)
				}
				f.holds(t, "pi", "a", "old")
			})
		}
	}
}

// TestSlowStoreIsAnsweredInTime is not parallel: it shortens the time of answers.
func TestSlowStoreIsAnsweredInTime(t *testing.T) {
	defer func(limit time.Duration) { answerLimit = limit }(answerLimit)
	answerLimit = 700 * time.Millisecond
	for _, size := range []int{1000, 2*segmentBytes + 1} {
		f := newFixture(t)
		must(t, f.upload("/pi/a", "old"))
		upload, err := f.Create("/pi/a")
		must(t, err)
		f.swift.Break(func(*http.Request) swifttest.Fault { return swifttest.Fault{Delay: 10 * time.Second} })
		_, _ = upload.Write(random(size))
		began := time.Now()
		if err := upload.Close(); !errors.As(err, new(store.Unavailable)) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 2*answerLimit {
			t.Errorf("the answer took %v", took)
		}
		f.holds(t, "pi", "a", "old")
		if _, err := f.Create("/pi/folder/b"); err == nil || time.Since(began) > 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	}
	isAllGivenBack(t)
}

func TestUploadsWaitForMemory(t *testing.T) {
	f := newFixture(t)
	for range slots {
		slot <- struct{}{}
	}
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			if err := f.upload("/pi/"+strings.Repeat("a", i+1), string(random(freeBytes+1))); err != nil {
				t.Error(err)
			}
		})
	}
	must(t, f.upload("/pi/small", "small files need not wait"))
	for range slots {
		<-slot
	}
	all.Wait()
	if got := f.swift.Names("pi"); len(got) != 6 {
		t.Errorf("there are %q", got)
	}
	isAllGivenBack(t)
}

func TestManyUploadsAtATime(t *testing.T) {
	f := newFixture(t)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			if err := f.upload("/pi/"+time.Duration(i).String(), string(random(i*100))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := f.swift.Names("pi"); len(got) != 200 {
		t.Errorf("there are %d", len(got))
	}
	isAllGivenBack(t)
}

func TestNothingIsResumed(t *testing.T) {
	f := newFixture(t)
	wants(t, f.NoResume("/pi/a"), ErrNoResume)
	must(t, f.Exists("/pi/a"))
	must(t, f.upload("/pi/a", "x"))
	wants(t, f.Exists("/pi/a"), errExists)
}

func TestTokenThatExpiresDuringAnUploadIsNoFault(t *testing.T) {
	f := newFixture(t)
	content := random(segmentBytes + freeBytes)
	upload, err := f.Create("/pi/a")
	must(t, err)
	_, err = upload.Write(content)
	must(t, err)
	f.swift.ExpireTokens()
	must(t, upload.Close())
	if got, _ := f.swift.Content("pi", "a"); !bytes.Equal([]byte(got), content) {
		t.Error("something else was stored")
	}
}

func TestSessionThatHasEndedStoresNothing(t *testing.T) {
	f := newFixture(t)
	f.end()
	if err := f.upload("/pi/a", "x"); err == nil {
		t.Error("it was stored")
	}
	if !errors.Is(f.Context.Err(), context.Canceled) || len(f.swift.Names("pi")) > 0 {
		t.Error("there is something")
	}
}

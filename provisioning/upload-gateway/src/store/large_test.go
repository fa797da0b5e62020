package store

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"xwmooc/upload-gateway/internal/swifttest"
)

func putLarge(t *testing.T, s *Store, name string, parts ...string) {
	t.Helper()
	large := s.NewLarge(course, name)
	var all sync.WaitGroup
	for i, part := range parts {
		all.Go(func() {
			if err := large.Put(t.Context(), i, ContentOf([]byte(part))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := large.Commit(t.Context(), time.Unix(1_400_000_000, 0)); err != nil {
		t.Fatal(err)
	}
}

func TestLargeObjectIsThereInOneStep(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Put(course, "film.mp4", "old")
	large := s.NewLarge(course, "film.mp4")
	for i, part := range []string{"one ", "two ", "three"} {
		if err := large.Put(t.Context(), i, ContentOf([]byte(part))); err != nil {
			t.Fatal(err)
		}
		stored(t, swift, "film.mp4", "old")
	}
	if _, err := large.Commit(t.Context(), time.Unix(1_400_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	stored(t, swift, "film.mp4", "one two three")
	entry, err := s.Stat(t.Context(), course, "film.mp4")
	if err != nil || entry.Bytes != 13 || entry.Modified.Unix() != 1_400_000_000 {
		t.Errorf("got %+v, %v", entry, err)
	}
	if got := swift.Header(course, "film.mp4", "Content-Type"); got != "video/mp4" {
		t.Errorf("the content type is %q", got)
	}
}

func TestLargeObjectWithAMissingOrDamagedSegmentIsNotMade(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Put(course, "film", "old")
	large := s.NewLarge(course, "film")
	for _, i := range []int{0, 2} {
		if err := large.Put(t.Context(), i, ContentOf([]byte("part"))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := large.Commit(t.Context(), time.Time{}); err == nil {
		t.Error("a segment is missing, and nobody says it")
	}
	large = s.NewLarge(course, "film")
	if err := large.Put(t.Context(), 0, ContentOf([]byte("part"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range swift.Names(segments) {
		swift.Put(segments, name, "other")
	}
	if _, err := large.Commit(within10s(t), time.Time{}); !errors.As(err, new(Unavailable)) {
		t.Errorf("a segment is damaged: %v", err)
	}
	stored(t, swift, "film", "old")
}

func TestSegmentThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	swift.Break(always("PUT", swifttest.Fault{Status: 507}))
	if err := s.NewLarge(course, "film").Put(t.Context(), 0, ContentOf([]byte("part"))); !errors.Is(err, ErrFull) {
		t.Fatalf("got %v", err)
	}
}

func TestCopyOfALargeObjectSharesItsSegments(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	putLarge(t, s, "film", "one ", "two")
	before := len(swift.Names(segments))
	if err := s.Copy(t.Context(), course, "film", "첫 장/film? 100%"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), course, "film"); err != nil {
		t.Fatal(err)
	}
	stored(t, swift, "첫 장/film? 100%", "one two")
	if got := len(swift.Names(segments)); got != before {
		t.Errorf("%d segments after it, %d before", got, before)
	}
}

func sweep(t *testing.T, s *Store, want int) {
	t.Helper()
	if removed, err := s.Sweep(t.Context(), []string{course}, nil); err != nil || removed != want {
		t.Fatalf("%d segments were removed (%v), want %d", removed, err, want)
	}
}

func TestSweepRemovesOnlyWhatNoObjectHas(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"Swift", "Ceph"} {
		t.Run(kind, func(t *testing.T) {
			s, swift := newStore(t)
			if kind == "Ceph" {
				swift.HideLarge()
			}
			swift.Put(course, "small", "small")
			swift.Put(segments, "other-course/20260101/00000000", "not ours")
			putLarge(t, s, "kept", "one ", "two")
			putLarge(t, s, "gone", "three ", "four")
			putLarge(t, s, "moved", "five")
			if err := s.Copy(t.Context(), course, "moved", "b"); err != nil {
				t.Fatal(err)
			}
			swift.Put(course, "gone", "overwritten")
			if err := s.Delete(t.Context(), course, "moved"); err != nil {
				t.Fatal(err)
			}
			swift.Age(segments, sweepAge)
			putLarge(t, s, "young", "six")
			swift.Put(course, "young", "overwritten")
			// What was found once may be a listing that is behind.
			sweep(t, s, 0)
			sweep(t, s, 2)
			sweep(t, s, 0)
			stored(t, swift, "kept", "one two")
			stored(t, swift, "b", "five")
			if got := len(swift.Names(segments)); got != 5 {
				t.Errorf("there are %v", swift.Names(segments))
			}
		})
	}
}

func TestSweepSparesWhatCanBeRestored(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	const version = "004film/1763922109.12345"
	putLarge(t, s, "film", "one ", "two")
	swift.Archive(course, "film", archive, version)
	swift.Age(segments, sweepAge)
	for i, want := range []int{0, 0, 0, 2} {
		if i == 2 {
			if err := s.Delete(t.Context(), archive, version); err != nil {
				t.Fatal(err)
			}
		}
		if removed, err := s.Sweep(t.Context(), []string{course}, []string{archive}); err != nil || removed != want {
			t.Fatalf("%d segments were removed (%v), want %d", removed, err, want)
		}
	}
}

func TestSweepSparesAnUploadThatIsUnderWay(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	large := s.NewLarge(course, "film")
	if err := large.Put(t.Context(), 0, ContentOf([]byte("part"))); err != nil {
		t.Fatal(err)
	}
	swift.Age(segments, 2*sweepAge)
	sweep(t, s, 0)
	sweep(t, s, 0)
	large.Abort()
	sweep(t, s, 0)
	sweep(t, s, 1)
}

func TestSweepGoesOnWhereAListedObjectIsGone(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	putLarge(t, s, "gone", "one ", "two")
	putLarge(t, s, "kept", "three")
	swift.Put(course, "gone", "overwritten")
	swift.Age(segments, sweepAge)
	swift.Break(func(r *http.Request) swifttest.Fault {
		if r.Method == "HEAD" && strings.HasSuffix(r.URL.Path, "/gone") {
			return swifttest.Fault{Status: 404}
		}
		return swifttest.Fault{}
	})
	sweep(t, s, 0)
	sweep(t, s, 2)
	stored(t, swift, "kept", "three")
}

func TestSweepRemovesNothingOnAGuess(t *testing.T) {
	t.Parallel()
	s, swift := newStore(t)
	large := s.NewLarge(course, "cut")
	if err := large.Put(t.Context(), 0, ContentOf([]byte("part"))); err != nil {
		t.Fatal(err)
	}
	large.Abort()
	putLarge(t, s, "film", "one")
	swift.Age(segments, sweepAge)
	sweep(t, s, 0)
	swift.Break(always("HEAD", swifttest.Fault{Status: 503}))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if removed, err := s.Sweep(ctx, []string{course}, nil); err == nil || removed != 0 {
		t.Fatalf("%d segments were removed (%v)", removed, err)
	}
	if got := strings.Join(swift.Names(segments), " "); strings.Count(got, "/") != 4 {
		t.Errorf("there are %s", got)
	}
}

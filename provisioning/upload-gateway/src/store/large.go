package store

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ncw/swift/v2"
	"golang.org/x/sync/errgroup"
)

const (
	// A segment that no object has is removed when it is as old as this.
	sweepAge = 24 * time.Hour
	// Objects that are asked for at a time.
	heads = 8
)

// Large is a static large object on its way into the store: segments first, and when all are there, the manifest. Until
// then the object of that name is the one that was there before.
type Large struct {
	store           *Store
	container, name string
	id              string
	mu              sync.Mutex
	segments        map[int]segment
}

// segment is a row of the manifest.
type segment struct {
	Path  string `json:"path"`
	Etag  string `json:"etag"`
	Bytes int64  `json:"size_bytes"`
}

// underWay are the uploads that Sweep must not touch, by ID.
var underWay sync.Map

// NewLarge begins a large object.
func (s *Store) NewLarge(container, name string) *Large {
	l := &Large{store: s, container: container, name: name, id: time.Now().UTC().Format("20060102T150405") + "-" + rand.Text()[:12], segments: map[int]segment{}}
	underWay.Store(l.id, true)
	return l
}

// Put stores a segment; several may be stored at a time.
func (l *Large) Put(ctx context.Context, number int, content Content) error {
	name := fmt.Sprintf("%s/%s/%08d", l.container, l.id, number)
	if err := l.store.put(ctx, l.store.segments, name, content, "application/octet-stream", time.Time{}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments[number] = segment{Path: "/" + l.store.segments + "/" + name, Etag: content.MD5, Bytes: int64(len(content.Bytes))}
	return nil
}

// Commit makes the object out of its segments, in one step. It gives what the store compared: the MD5 of the segments' MD5s.
func (l *Large) Commit(ctx context.Context, modified time.Time) (etag string, err error) {
	defer underWay.Delete(l.id)
	rows := make([]segment, len(l.segments))
	sum := md5.New()
	for i := range rows {
		row, ok := l.segments[i]
		if !ok {
			return "", fmt.Errorf("segment %d of %s is missing", i, l.name)
		}
		rows[i] = row
		sum.Write([]byte(row.Etag))
	}
	manifest, err := json.Marshal(rows)
	if err != nil {
		return "", err
	}
	etag = hex.EncodeToString(sum.Sum(nil))
	headers := swift.Headers{
		"Content-Type":   contentType(l.name),
		"Content-Length": strconv.Itoa(len(manifest)),
		"Etag":           etag,
	}
	if !modified.IsZero() {
		headers[modifiedHeader] = modifiedValue(modified)
	}
	return etag, hasContainer(l.store.retry(ctx, func() error {
		return l.store.callOnly(ctx, swift.RequestOpts{
			Container: l.container, ObjectName: l.name, Operation: "PUT",
			Parameters: url.Values{"multipart-manifest": {"put"}},
			Headers:    headers,
			Body:       bytes.NewReader(manifest),
		})
	}))
}

// Abort gives the upload up; Sweep removes what is there of it.
func (l *Large) Abort() { underWay.Delete(l.id) }

// Sweep removes the segments that no object of these containers has, of uploads that were cut and of objects that were
// overwritten or deleted; what an archive has of these can be restored, and keeps its segments. Whatever can't be read ends it: no segment is removed on a guess. A listing may be behind for a
// while, so only what the Sweep before found unused too is removed. One at a time.
// @returns how many it removed
func (s *Store) Sweep(ctx context.Context, containers, archives []string) (int, error) {
	// The segments first: what is found used after that includes every object that was there when they were listed.
	old := map[string]bool{}
	for _, container := range containers {
		segments, err := s.all(ctx, s.segments, container+"/")
		if err != nil {
			return 0, err
		}
		for i := range segments {
			_, busy := underWay.Load(path.Base(path.Dir(segments[i].Name)))
			if !busy && time.Since(segments[i].LastModified) >= sweepAge {
				old[segments[i].Name] = true
			}
		}
	}
	if len(old) == 0 {
		s.unused = nil
		return 0, nil
	}
	for _, container := range slices.Concat(containers, archives) {
		if err := s.removeUsed(ctx, container, old); err != nil {
			return 0, err
		}
	}
	before := s.unused
	s.unused = old
	removed := 0
	for name := range old {
		if !before[name] {
			continue
		}
		if err := s.Delete(ctx, s.segments, name); err != nil {
			return removed, err
		}
		delete(old, name)
		removed++
	}
	return removed, nil
}

func (s *Store) all(ctx context.Context, container, prefix string) ([]swift.Object, error) {
	objects, err := s.connection.ObjectsAll(ctx, container, &swift.ObjectsOpts{Prefix: prefix, Limit: pageSize})
	return objects, explain(err)
}

// removeUsed takes the segments that objects of a container have out of a set. Not every store's listing tells which
// objects are large (Ceph's doesn't), so each is asked.
func (s *Store) removeUsed(ctx context.Context, container string, segments map[string]bool) error {
	objects, err := s.all(ctx, container, "")
	if err != nil {
		return err
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(heads)
	for i := range objects {
		name := objects[i].Name
		group.Go(func() error {
			used, err := s.segmentsOf(ctx, container, name)
			// Deleted just now, or long ago where the listing is behind.
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			for _, segment := range used {
				delete(segments, segment)
			}
			return err
		})
	}
	return group.Wait()
}

// segmentsOf gives those of an object; one that is not large has none.
func (s *Store) segmentsOf(ctx context.Context, container, name string) ([]string, error) {
	_, headers, err := s.head(ctx, container, name)
	if err != nil || headers["X-Static-Large-Object"] == "" {
		return nil, err
	}
	response, err := s.call(ctx, swift.RequestOpts{
		Container: container, ObjectName: name, Operation: "GET",
		Parameters: url.Values{"multipart-manifest": {"get"}},
	})
	if err != nil {
		return nil, explain(err)
	}
	defer response.Body.Close()
	var rows []struct {
		Name string `json:"name"`
	}
	if err := json.NewDecoder(response.Body).Decode(&rows); err != nil {
		return nil, explain(err)
	}
	segments := []string{}
	for _, row := range rows {
		if segment, ok := strings.CutPrefix(row.Name, "/"+s.segments+"/"); ok {
			segments = append(segments, segment)
		}
	}
	return segments, nil
}

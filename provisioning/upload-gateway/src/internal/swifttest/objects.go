package swifttest

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one of the manifest of a static large object, as it is sent.
type row struct {
	Path  string `json:"path"`
	Etag  string `json:"etag"`
	Bytes int64  `json:"size_bytes"`
}

func (s *Server) object(w http.ResponseWriter, r *http.Request, objects map[string]*object, name string, body []byte) {
	o, ok := objects[name]
	if !ok && r.Method != http.MethodPut {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	switch r.Method {
	case http.MethodPut:
		s.put(w, r, objects, name, body)
	case http.MethodHead, http.MethodGet:
		s.get(w, r, o)
	case http.MethodPost:
		o.headers = metadata(r.Header, o.headers.Get("Content-Type"))
		w.WriteHeader(http.StatusAccepted)
	case http.MethodDelete:
		delete(objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// metadata are those headers of a request that stay with the object.
func metadata(from http.Header, contentType string) http.Header {
	kept := http.Header{"Content-Type": {contentType}}
	for key, values := range from {
		if strings.HasPrefix(key, "X-Object-Meta-") ||
			slices.Contains([]string{"Content-Type", "Content-Encoding", "Content-Disposition", "Cache-Control", "X-Delete-At"}, key) {
			kept[key] = values
		}
	}
	return kept
}

func (s *Server) put(w http.ResponseWriter, r *http.Request, objects map[string]*object, name string, body []byte) {
	var made *object
	switch {
	case r.Header.Get("X-Copy-From") != "":
		if made = s.copied(r); made == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
	case r.URL.Query().Get("multipart-manifest") == "put":
		if made = s.large(body); made == nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	default:
		made = newObject(body, nil)
	}
	if made.headers == nil {
		made.headers = metadata(r.Header, "application/octet-stream")
	}
	if etag := r.Header.Get("Etag"); etag != "" && etag != made.etag {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	objects[name] = made
	w.Header().Set("Etag", made.etag)
	w.WriteHeader(http.StatusCreated)
}

// copied is nil where there is nothing to copy.
func (s *Server) copied(r *http.Request) *object {
	from, err := url.PathUnescape(r.Header.Get("X-Copy-From"))
	if err != nil {
		return nil
	}
	container, name, _ := strings.Cut(strings.TrimPrefix(from, "/"), "/")
	source, ok := s.containers[container][name]
	if !ok {
		return nil
	}
	made := *source
	made.headers, made.modified = maps.Clone(source.headers), time.Now()
	if source.rows != nil && r.URL.Query().Get("multipart-manifest") != "get" {
		return newObject(s.contentOf(source), made.headers)
	}
	return &made
}

// large makes an object out of a manifest; nil where a segment is not as the manifest says.
func (s *Server) large(manifest []byte) *object {
	made := &object{modified: time.Now()}
	if err := json.Unmarshal(manifest, &made.rows); err != nil {
		return nil
	}
	sum := md5.New()
	for _, one := range made.rows {
		container, name, _ := strings.Cut(strings.TrimPrefix(one.Path, "/"), "/")
		segment, ok := s.containers[container][name]
		if !ok || segment.etag != one.Etag || int64(len(segment.content)) != one.Bytes {
			return nil
		}
		sum.Write([]byte(one.Etag))
	}
	made.etag = hex.EncodeToString(sum.Sum(nil))
	return made
}

func (s *Server) contentOf(o *object) []byte {
	if o.rows == nil {
		return o.content
	}
	var all bytes.Buffer
	for _, one := range o.rows {
		container, name, _ := strings.Cut(strings.TrimPrefix(one.Path, "/"), "/")
		if segment, ok := s.containers[container][name]; ok {
			all.Write(segment.content)
		}
	}
	return all.Bytes()
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, o *object) {
	content, status := s.contentOf(o), http.StatusOK
	if o.rows != nil && r.URL.Query().Get("multipart-manifest") == "get" {
		content = manifestOf(o)
	}
	if wanted, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		first, last, _ := strings.Cut(wanted, "-")
		from, _ := strconv.Atoi(first)
		to, err := strconv.Atoi(last)
		if err != nil || to >= len(content) {
			to = len(content) - 1
		}
		if from >= len(content) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		content, status = content[from:to+1], http.StatusPartialContent
	}
	maps.Copy(w.Header(), o.headers)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.Header().Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	w.Header().Set("Etag", o.etag)
	if o.rows != nil {
		w.Header().Set("Etag", strconv.Quote(o.etag))
		w.Header().Set("X-Static-Large-Object", "True")
	}
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(content)
	}
}

func manifestOf(o *object) []byte {
	rows := []map[string]any{}
	for _, one := range o.rows {
		rows = append(rows, map[string]any{"name": one.Path, "hash": one.Etag, "bytes": one.Bytes})
	}
	text, _ := json.Marshal(rows)
	return text
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, objects map[string]*object) {
	query := r.URL.Query()
	prefix, delimiter, marker := query.Get("prefix"), query.Get("delimiter"), query.Get("marker")
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = 10_000
	}
	rows, lines, folder := []map[string]any{}, "", ""
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if len(rows) == limit {
			break
		}
		below, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		if first, _, isBelow := strings.Cut(below, delimiter); delimiter != "" && isBelow {
			if subdir := prefix + first + delimiter; subdir != folder && subdir > marker {
				folder = subdir
				rows = append(rows, map[string]any{"subdir": subdir})
				lines += subdir + "\n"
			}
			continue
		}
		if name <= marker {
			continue
		}
		rows = append(rows, s.listed(name, objects[name]))
		lines += name + "\n"
	}
	if query.Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(rows)
		return
	}
	fmt.Fprint(w, lines)
}

func (s *Server) listed(name string, o *object) map[string]any {
	listed := map[string]any{
		"name": name, "bytes": len(s.contentOf(o)), "hash": o.etag, "content_type": o.headers.Get("Content-Type"),
		"last_modified": o.modified.UTC().Format("2006-01-02T15:04:05.000000"),
	}
	if o.rows != nil && !s.hidesLarge {
		listed["slo_etag"] = strconv.Quote(o.etag)
	}
	return listed
}

package tree

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sync/errgroup"

	"xwmooc/upload-gateway/store"
)

const (
	// More files take longer than a client waits for an answer.
	maxRename = 1000
	// At a time.
	copies = 8
)

// Rename moves a file, or a folder with all that is in it, within a course.
// @param replace whether a file of the new name is replaced
func (t *Tree) Rename(from, to string, replace bool) (err error) {
	defer func() { t.Audit("rename", from, err, "to", to) }()
	ctx, cancel := t.limited()
	defer cancel()
	if _, err := t.changeable(from, t.Rights.Delete && t.Rights.Upload); err != nil {
		return err
	}
	target, err := t.changeable(to, t.Rights.Upload)
	if err != nil {
		return err
	}
	source, entry, err := t.find(ctx, from)
	if err != nil {
		return err
	}
	switch {
	case source.course != target.course:
		return errOtherCourse
	case source.object == target.object:
		return nil
	case strings.HasPrefix(target.object, source.object+"/"):
		return errIntoItself
	}
	if err := t.mayHold(ctx, target); err != nil {
		return err
	}
	switch there, err := t.Store.Stat(ctx, target.course.Container, target.object); {
	case err == nil && (there.Folder || entry.Folder || !replace):
		return errExists
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	t.Folders.forget(source)
	t.Folders.forget(target)
	if !entry.Folder {
		return t.moveAll(ctx, source.course, []string{source.object}, func(string) string { return target.object })
	}
	return t.renameFolder(ctx, source, target, entry)
}

func (t *Tree) renameFolder(ctx context.Context, source, target place, entry store.Entry) error {
	names, err := t.Store.Names(ctx, source.course.Container, source.object, maxRename+1)
	if err != nil {
		return err
	}
	if len(names) > maxRename {
		return errLargeRename
	}
	if entry.Marker {
		names = append(names, source.object)
	}
	return t.moveAll(ctx, source.course, names, func(name string) string {
		return target.object + strings.TrimPrefix(name, source.object)
	})
}

// moveAll copies all, then deletes the originals: whatever fails, each file is there at least once.
func (t *Tree) moveAll(ctx context.Context, course *Course, names []string, renamed func(string) string) error {
	if err := each(ctx, names, func(ctx context.Context, name string) error {
		return t.Store.Copy(ctx, course.Container, name, renamed(name))
	}); err != nil {
		return err
	}
	for _, name := range names {
		t.Publisher.Announce(course.Name, renamed(name))
	}
	return each(ctx, names, func(ctx context.Context, name string) error {
		if err := t.Store.Delete(ctx, course.Container, name); err != nil {
			return err
		}
		t.Publisher.Announce(course.Name, name)
		return nil
	})
}

func each(ctx context.Context, names []string, do func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(copies)
	for _, name := range names {
		group.Go(func() error { return do(ctx, name) })
	}
	return group.Wait()
}

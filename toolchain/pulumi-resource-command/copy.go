package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"golang.org/x/crypto/ssh"
)

// CopyToRemote is command:remote:CopyToRemote.
type CopyToRemote struct{}

// CopyArgs are its inputs.
type CopyArgs struct {
	Connection Connection           `pulumi:"connection" provider:"secret"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
	Triggers   []any                `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// CopyState is what is kept of it; of the source that is its hash.
type CopyState struct{ CopyArgs }

// Annotate names the resource.
func (c *CopyToRemote) Annotate(a infer.Annotator) {
	a.SetToken("remote", "CopyToRemote")
	a.Describe(&c, "A file copied to another machine over SSH.")
}

// Create copies.
func (CopyToRemote) Create(ctx context.Context, req infer.CreateRequest[CopyArgs]) (resp infer.CreateResponse[CopyState], err error) {
	if resp.ID, err = newID(req.Name); err != nil {
		return resp, err
	}
	resp.Output.CopyArgs = req.Inputs
	if !req.DryRun {
		err = req.Inputs.copy(ctx)
	}
	return resp, err
}

// Update copies again.
func (CopyToRemote) Update(ctx context.Context, req infer.UpdateRequest[CopyArgs, CopyState]) (resp infer.UpdateResponse[CopyState], err error) {
	resp.Output.CopyArgs = req.Inputs
	if !req.DryRun {
		err = req.Inputs.copy(ctx)
	}
	return resp, err
}

// copy sends the file to a name of its own first: the path never has a part of it.
func (c CopyArgs) copy(ctx context.Context) error {
	if c.Source.Asset == nil {
		return fmt.Errorf("source is an archive: only the official command plugin copies folders; this is the project's stand-in")
	}
	content, err := c.Source.Asset.Bytes()
	if err != nil {
		return fmt.Errorf("source can't be read: %w", err)
	}
	client, hangUp, err := c.Connection.open(ctx)
	if err != nil {
		return err
	}
	defer hangUp()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	p.GetLogger(ctx).InfoStatusf("copying %d bytes to %s", len(content), c.RemotePath)
	var said bytes.Buffer
	session.Stdin, session.Stderr = bytes.NewReader(content), &said
	defer context.AfterFunc(ctx, func() { _ = session.Signal(ssh.SIGKILL); hangUp() })()
	path := shellQuote(c.RemotePath)
	if err := session.Run(fmt.Sprintf("cat >%[1]s.part && mv -- %[1]s.part %[1]s", path)); err != nil {
		return fmt.Errorf("%w: copying to %s: %s", err, c.RemotePath, said.String())
	}
	return nil
}

func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

var _ infer.CustomUpdate[CopyArgs, CopyState] = CopyToRemote{}

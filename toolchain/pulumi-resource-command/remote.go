package main

import (
	"context"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/ssh"
)

// RemoteCommand is command:remote:Command.
type RemoteCommand struct{}

// RemoteArgs are its inputs.
type RemoteArgs struct {
	Lifecycle
	Process
	Connection Connection `pulumi:"connection" provider:"secret"`
}

// RemoteState is what is kept of it.
type RemoteState struct {
	RemoteArgs
	Streams
}

// Annotate names the resource.
func (r *RemoteCommand) Annotate(a infer.Annotator) {
	a.SetToken("remote", "Command")
	a.Describe(&r, "A command run on another machine over SSH.")
}

// Create runs `create`.
func (RemoteCommand) Create(ctx context.Context, req infer.CreateRequest[RemoteArgs]) (resp infer.CreateResponse[RemoteState], err error) {
	if resp.ID, err = newID(req.Name); err != nil {
		return resp, err
	}
	resp.Output.RemoteArgs = req.Inputs
	resp.Output.Streams, err = runIf(ctx, req.Inputs, req.Inputs.Create, req.DryRun, Streams{})
	return resp, err
}

// Update runs `update`, else `create`.
func (RemoteCommand) Update(ctx context.Context, req infer.UpdateRequest[RemoteArgs, RemoteState]) (resp infer.UpdateResponse[RemoteState], err error) {
	resp.Output.RemoteArgs = req.Inputs
	resp.Output.Streams, err = runIf(ctx, req.Inputs, req.Inputs.onUpdate(), req.DryRun, req.State.Streams)
	return resp, err
}

// Delete runs `delete` with the inputs of the last create or update.
func (RemoteCommand) Delete(ctx context.Context, req infer.DeleteRequest[RemoteState]) (resp infer.DeleteResponse, err error) {
	_, err = runIf(ctx, req.State.RemoteArgs, req.State.Lifecycle.Delete, false, req.State.Streams)
	return resp, err
}

func (r RemoteArgs) run(ctx context.Context, command string, previous Streams) (Streams, error) {
	client, hangUp, err := r.Connection.open(ctx)
	if err != nil {
		return previous, err
	}
	defer hangUp()
	session, err := client.NewSession()
	if err != nil {
		return previous, err
	}
	defer session.Close()
	if err := r.setenv(ctx, session, previous); err != nil {
		return previous, err
	}
	if r.Stdin != nil {
		session.Stdin = strings.NewReader(*r.Stdin)
	}
	out := r.capture(ctx)
	session.Stdout, session.Stderr = &out.stdout, &out.stderr
	// Closing the connection ends Run even if the server no longer answers.
	defer context.AfterFunc(ctx, func() { _ = session.Signal(ssh.SIGKILL); hangUp() })()
	err = session.Run(command)
	streams := out.end()
	if err != nil {
		return streams, failure(err, command, out.both.String())
	}
	return streams, nil
}

// setenv hands the variables over. A server takes none unless its AcceptEnv lists them: that matters for those that
// the user asked for; the previous output is only offered.
func (r RemoteArgs) setenv(ctx context.Context, session *ssh.Session, previous Streams) error {
	for name, value := range r.env(previous) {
		err := session.Setenv(name, value)
		if err == nil {
			continue
		}
		if _, asked := r.Environment[name]; asked {
			return fmt.Errorf("the server refuses the variable %s (see AcceptEnv in its settings; standard input always works): %w", name, err)
		}
		p.GetLogger(ctx).Debugf("the server refuses the variable %s", name)
	}
	return nil
}

package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// LocalCommand is command:local:Command.
type LocalCommand struct{}

// LocalArgs are its inputs.
type LocalArgs struct {
	Lifecycle
	Process
	Dir         *string  `pulumi:"dir,optional"`
	Interpreter []string `pulumi:"interpreter,optional"`
}

// LocalState is what is kept of it.
type LocalState struct {
	LocalArgs
	Streams
}

// Annotate names the resource.
func (r *LocalCommand) Annotate(a infer.Annotator) {
	a.SetToken("local", "Command")
	a.Describe(&r, "A command run on this machine.")
}

// Create runs `create`.
func (LocalCommand) Create(ctx context.Context, req infer.CreateRequest[LocalArgs]) (resp infer.CreateResponse[LocalState], err error) {
	if resp.ID, err = newID(req.Name); err != nil {
		return resp, err
	}
	resp.Output.LocalArgs = req.Inputs
	resp.Output.Streams, err = runIf(ctx, req.Inputs, req.Inputs.Create, req.DryRun, Streams{})
	return resp, err
}

// Update runs `update`, else `create`.
func (LocalCommand) Update(ctx context.Context, req infer.UpdateRequest[LocalArgs, LocalState]) (resp infer.UpdateResponse[LocalState], err error) {
	resp.Output.LocalArgs = req.Inputs
	resp.Output.Streams, err = runIf(ctx, req.Inputs, req.Inputs.onUpdate(), req.DryRun, req.State.Streams)
	return resp, err
}

// Delete runs `delete` with the inputs of the last create or update.
func (LocalCommand) Delete(ctx context.Context, req infer.DeleteRequest[LocalState]) (resp infer.DeleteResponse, err error) {
	_, err = runIf(ctx, req.State.LocalArgs, req.State.Lifecycle.Delete, false, req.State.Streams)
	return resp, err
}

func (l LocalArgs) run(ctx context.Context, command string, previous Streams) (Streams, error) {
	argv := l.Interpreter
	if len(argv) == 0 {
		argv = []string{"/bin/sh", "-c"}
	}
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:len(argv):len(argv)], command)...)
	cmd.Dir = or(l.Dir, "")
	cmd.Env = os.Environ()
	for name, value := range l.env(previous) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if l.Stdin != nil {
		cmd.Stdin = strings.NewReader(*l.Stdin)
	}
	// A process group of its own, ended as a whole: the interpreter's children too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	out := l.capture(ctx)
	cmd.Stdout, cmd.Stderr = &out.stdout, &out.stderr
	err := cmd.Run()
	streams := out.end()
	if err != nil {
		return streams, failure(err, command, out.both.String())
	}
	return streams, nil
}

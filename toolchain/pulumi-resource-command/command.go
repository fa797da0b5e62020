package main

import (
	"context"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Lifecycle holds the commands of a resource's life.
type Lifecycle struct {
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
	Triggers []any   `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// onUpdate is the command for a changed resource: update or, without one, create.
func (l Lifecycle) onUpdate() *string {
	if l.Update != nil {
		return l.Update
	}
	return l.Create
}

// Process holds what every command takes, here or remote.
type Process struct {
	Stdin                  *string           `pulumi:"stdin,optional"`
	Environment            map[string]string `pulumi:"environment,optional"`
	Logging                *Logging          `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
}

// Streams holds what a command wrote. As with the official plugin these are secrets only where the program lists them
// in additionalSecretOutputs, however secret the inputs are.
type Streams struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// env gives the variables for a command; previous is what the resource's command before it wrote.
func (c Process) env(previous Streams) map[string]string {
	env := map[string]string{}
	maps.Copy(env, c.Environment)
	if or(c.AddPreviousOutputInEnv, true) {
		if previous.Stdout != "" {
			env["PULUMI_COMMAND_STDOUT"] = previous.Stdout
		}
		if previous.Stderr != "" {
			env["PULUMI_COMMAND_STDERR"] = previous.Stderr
		}
	}
	return env
}

// runner is what differs between the two kinds of command: where and how they run.
type runner interface {
	run(ctx context.Context, command string, previous Streams) (Streams, error)
}

// runIf runs the command, unless there is none or this is a preview; then the streams stay as they were.
func runIf(ctx context.Context, r runner, command *string, preview bool, previous Streams) (Streams, error) {
	if command == nil || preview {
		return previous, nil
	}
	return r.run(ctx, *command, previous)
}

// failure is the error of a command that ran and failed: with its text and output, never with its standard input.
func failure(err error, command, output string) error {
	return fmt.Errorf("%w: running %q:\n%s", err, command, output)
}

// newID gives a resource an identity: nothing out there has one of its own.
func newID(name string) (string, error) { return resource.NewUniqueHex(name, 8, 0) }

func or[T any](value *T, otherwise T) T {
	if value != nil {
		return *value
	}
	return otherwise
}

// The two resources are told apart by their types only: Pulumi takes tokens and properties from these.
var (
	_ infer.CustomUpdate[LocalArgs, LocalState]   = LocalCommand{}
	_ infer.CustomDelete[LocalState]              = LocalCommand{}
	_ infer.CustomUpdate[RemoteArgs, RemoteState] = RemoteCommand{}
	_ infer.CustomDelete[RemoteState]             = RemoteCommand{}
)

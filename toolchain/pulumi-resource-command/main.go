// Command pulumi-resource-command stands in for the official plugin of @pulumi/command 1.2.1 where that one can't be
// downloaded. It serves what this project uses: local.Command, remote.Command and remote.CopyToRemote of a file, with their
// inputs, outputs, defaults, order of events and messages. Left out: run, CopyFile, copied folders, collected assets and the
// SSH agent.
//
// It is stricter in one point: it never talks to a server whose host key it was not told.
package main

import (
	"context"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// version is that of the npm package whose resources this plugin serves.
const version = "1.2.1"

func provider() (p.Provider, error) {
	served, err := infer.NewProviderBuilder().
		WithDescription("Runs shell commands, on this machine or over SSH.").
		WithResources(infer.Resource(LocalCommand{}), infer.Resource(RemoteCommand{}), infer.Resource(CopyToRemote{})).
		Build()
	check := served.Check
	served.Check = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		if failures := leftOut(req.Inputs); len(failures) > 0 {
			return p.CheckResponse{Inputs: req.Inputs, Failures: failures}, nil
		}
		return check(ctx, req)
	}
	return served, err
}

// leftOut finds the inputs of the official plugin that this one would lose without a word.
func leftOut(inputs property.Map) (failures []p.CheckFailure) {
	fail := func(name string) {
		failures = append(failures, p.CheckFailure{Property: name, Reason: "only the official command plugin has it; this is the project's stand-in"})
	}
	for _, name := range []string{"assetPaths", "archivePaths"} {
		if _, given := inputs.GetOk(name); given {
			fail(name)
		}
	}
	if connection := inputs.Get("connection"); connection.IsMap() {
		if _, given := connection.AsMap().GetOk("agentSocketPath"); given {
			fail("connection.agentSocketPath")
		}
	}
	return failures
}

func main() {
	served, err := provider()
	if err == nil {
		err = served.Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-command:", err)
		os.Exit(1)
	}
}

// Command pulumi-resource-command stands in for the official plugin of @pulumi/command 1.2.1 where that one can't be
// downloaded. It serves what this project uses: local.Command and remote.Command, with their inputs, outputs, defaults,
// order of events and messages. Left out: run, CopyToRemote, CopyFile, collected assets and the SSH agent.
//
// It is stricter in one point: it never talks to a server whose host key it was not told.
package main

import (
	"context"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// version is that of the npm package whose resources this plugin serves.
const version = "1.2.1"

func provider() (p.Provider, error) {
	return infer.NewProviderBuilder().
		WithDescription("Runs shell commands, on this machine or over SSH.").
		WithResources(infer.Resource(LocalCommand{}), infer.Resource(RemoteCommand{})).
		Build()
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

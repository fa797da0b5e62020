// Command pulumi-resource-openstack serves the Terraform provider for OpenStack to Pulumi.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"xwmooc/toolchain/pulumi-resource-openstack/info"
)

//go:generate go run ./tfgen schema --out . --skip-docs --skip-examples

//go:embed schema.json
var schema []byte

func main() { tfbridge.Main("openstack", info.Version, info.Provider(), schema) }

// Command tfgen writes schema.json, which the plugin embeds.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"xwmooc/toolchain/pulumi-resource-openstack/info"
)

func main() { tfgen.Main("openstack", info.Version, info.Provider()) }

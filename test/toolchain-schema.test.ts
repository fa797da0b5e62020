import { expect, test } from "vitest";
import { npmSurface, type ResourceSurface, schemaSurface } from "./support/pluginSurface";

test("the openstack plugin serves exactly what @pulumi/openstack asks for", () => {
  const npm = npmSurface("@pulumi/openstack");
  expect(Object.keys(npm.resources)).toHaveLength(105);
  expect(Object.keys(npm.functions)).toHaveLength(53);
  expect(Object.keys(npm.types)).toHaveLength(68);
  expect(schemaSurface("toolchain/pulumi-resource-openstack/schema.json")).toEqual(npm);
});

test("the command plugin serves what this project uses of @pulumi/command", () => {
  const leftOut = new Set(["archive", "archivePaths", "assetPaths", "assets", "agentSocketPath"]);
  const served = (names: string[] = []) => names.filter((name) => !leftOut.has(name));
  const resource = (from: ResourceSurface | undefined) =>
    from && { ...from, inputs: served(from.inputs), outputs: served(from.outputs) };

  const npm = npmSurface("@pulumi/command");
  const { resources, types } = schemaSurface("toolchain/pulumi-resource-command/schema.json");
  const tokens = ["command:local:Command", "command:remote:Command", "command:remote:CopyToRemote"];
  expect(resources).toEqual(Object.fromEntries(tokens.map((token) => [token, resource(npm.resources[token])])));
  const objects = ["remote/Connection", "remote/ProxyConnection"];
  expect(types).toEqual(Object.fromEntries(objects.map((name) => [name, served(npm.types[name])])));
});

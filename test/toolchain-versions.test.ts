import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { PLUGINS, PULUMI_VERSION } from "../toolchain/versions";

const repository = path.join(__dirname, "..");
const read = (file: string) => readFileSync(path.join(repository, file), "utf8");

test.each(PLUGINS)("the $name plugin has the version of its npm package", ({ name, version }) => {
  const { dependencies } = JSON.parse(read("package.json"));
  expect(version).toBe(dependencies[`@pulumi/${name}`]);
});

test.each(PLUGINS)("the $name plugin says the same of itself", ({ name, version }) => {
  const file = { openstack: "info/provider.go", command: "main.go" }[name];
  expect(read(`toolchain/pulumi-resource-${name}/${file}`)).toMatch(
    new RegExp(`^const [vV]ersion = "${version}"$`, "m"),
  );
});

test("the CLI is built from the sources of the version it reports", () => {
  const module = read("toolchain/go.mod");
  for (const part of ["pkg", "sdk"]) expect(module).toContain(`github.com/pulumi/pulumi/${part}/v3 v${PULUMI_VERSION}`);
});

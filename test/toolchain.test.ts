import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ToolchainDouble } from "./support/toolchainDouble";

let machine: ToolchainDouble;
beforeEach(() => {
  machine = new ToolchainDouble();
});
afterEach(() => machine.remove());

const PLUGINS_BUILT = [
  "go build .",
  "pulumi plugin install resource openstack v3.15.2 --reinstall --file FILE",
  "go build ./pulumi-resource-command",
  "pulumi plugin install resource command v1.2.1 --reinstall --file FILE",
];
const ALL_BUILT = [
  "go build github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  "go build github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  ...PLUGINS_BUILT,
];

/** Serves an official release; its archive holds the stand-in CLI. */
function release(options: { checksum?: string } = {}): RequestListener {
  machine.script("release/pulumi/pulumi", machine.pulumi("v3.259.0"));
  machine.script("release/pulumi/pulumi-language-nodejs", "");
  const archive = path.join(machine.dir, "archive.tar.gz");
  execFileSync("tar", ["-czf", archive, "-C", path.join(machine.dir, "release"), "pulumi"]);
  const bytes = readFileSync(archive);
  const checksum = options.checksum ?? createHash("sha256").update(bytes).digest("hex");
  const name = `pulumi-v3.259.0-${process.platform}-${process.arch}.tar.gz`;
  return (request, response) => {
    if (request.url === "/pulumi-3.259.0-checksums.txt")
      response.end(`${"0".repeat(64)}  other\n${checksum}  ${name}\n`);
    else if (request.url === `/${name}`) response.end(bytes);
    else response.writeHead(404).end();
  };
}

test("an installed CLI with its plugins is used as it is", async () => {
  machine.installPulumi("v3.259.0", { plugins: true });
  expect(await machine.ensure()).toEqual({ pulumi: path.join(machine.bin, "pulumi"), env: {}, origin: "installed" });
  expect(machine.calls()).toEqual([]);
});

test("an installed CLI gets its official plugins by itself", async () => {
  machine.installPulumi("v3.270.1");
  await machine.serve(release());
  expect(await machine.ensure()).toMatchObject({ env: {}, origin: "installed" });
  expect(machine.calls()).toEqual([
    "pulumi plugin install resource openstack v3.15.2",
    "pulumi plugin install resource command v1.2.1",
  ]);
});

test("an installed CLI without a way to its official plugins gets built ones, outside the user's home", async () => {
  machine.installPulumi("v3.259.0");
  machine.installGo("1.26.0");
  const first = await machine.ensure();
  expect(first.pulumi).toBe(path.join(machine.bin, "pulumi"));
  expect(first.env).toMatchObject({ PULUMI_HOME: machine.ownHome, PULUMI_CREDENTIALS_PATH: machine.userHome });
  expect(machine.calls()).toEqual(PLUGINS_BUILT);
  expect(readdirSync(path.dirname(machine.userHome))).toEqual([]);

  expect(await machine.ensure()).toEqual(first);
  expect(machine.calls()).toEqual([]);
});

test.each(["v3.200.0", "v4.0.0", ""])("an installed CLI of version %j is passed over", async (version) => {
  machine.installPulumi(version, { plugins: true });
  await machine.serve(release());
  expect(await machine.ensure()).toMatchObject({ origin: "downloaded" });
  expect(machine.lines[0]).toMatch(/^passing over .*\/bin\/pulumi: .*, needed is 3\.259\.0 or a newer 3\.x$/);
});

test("the official download is checked and goes into a home of our own", async () => {
  await machine.serve(release());
  const first = await machine.ensure();
  expect(first.origin).toBe("downloaded");
  expect(first.pulumi).toBe(path.join(machine.ownHome, "bin", "pulumi"));
  expect(first.env.PULUMI_HOME).toBe(machine.ownHome);
  expect(first.env.PATH?.split(":")[0]).toBe(path.join(machine.ownHome, "bin"));
  expect(machine.calls()).toHaveLength(2); // the plugins

  expect(await machine.ensure()).toEqual(first);
  expect(machine.calls()).toEqual([]);
});

test("a download that isn't what it should be is not used", async () => {
  machine.installGo("1.26.0");
  await machine.serve(release({ checksum: "f".repeat(64) }));
  expect(await machine.ensure()).toMatchObject({ origin: "built" });
  expect(machine.lines.join("\n")).toContain("does not match its published checksum");
});

test("without a download everything is built, once", async () => {
  machine.installGo("1.26.0");
  const first = await machine.ensure();
  expect(first).toMatchObject({ origin: "built", pulumi: path.join(machine.ownHome, "bin", "pulumi") });
  expect(machine.calls()).toEqual(ALL_BUILT);
  expect(readdirSync(machine.ownHome).filter((name) => name.endsWith(".partial"))).toEqual([]);

  expect(await machine.ensure()).toEqual(first);
  expect(machine.calls()).toEqual([]);
});

test("a built language host is told by a flag what Pulumi.yaml says of TypeScript", async () => {
  machine.installGo("1.26.0");
  await machine.ensure();
  machine.script(
    path.relative(machine.dir, path.join(machine.ownHome, "libexec", "pulumi-language-nodejs")),
    'echo "$@"',
  );
  const start = (manifest: string) => {
    writeFileSync(path.join(machine.dir, "Pulumi.yaml"), manifest);
    const host = path.join(machine.ownHome, "bin", "pulumi-language-nodejs");
    return execFileSync(host, ["127.0.0.1:1"], { cwd: machine.dir, encoding: "utf8" }).trim();
  };
  expect(start("runtime:\n  name: nodejs\n  options:\n    typescript: false\n")).toBe("-typescript=false 127.0.0.1:1");
  expect(start("runtime: nodejs\n")).toBe("127.0.0.1:1");
});

test("Pulumi has no place for its own logs in a home of our own", async () => {
  machine.installGo("1.26.0");
  mkdirSync(path.join(machine.ownHome, "logs"), { recursive: true });
  writeFileSync(path.join(machine.ownHome, "logs", "of-before.log"), "");
  for (let time = 0; time < 2; time++) {
    await machine.ensure();
    expect(readFileSync(path.join(machine.ownHome, "logs"), "utf8")).toBe("");
  }
});

test("only what is missing is built again", async () => {
  machine.installGo("1.26.0");
  await machine.ensure();
  machine.calls();
  rmSync(path.join(machine.ownHome, "plugins", "resource-command-v1.2.1"), { recursive: true });
  await machine.ensure();
  expect(machine.calls()).toEqual(PLUGINS_BUILT.slice(2));
});

test("our own CLI on PATH is not taken for one that the user installed", async () => {
  machine.installGo("1.26.0");
  const first = await machine.ensure();
  Object.assign(machine.env, first.env);
  expect(await machine.ensure()).toMatchObject({ origin: "built", pulumi: first.pulumi });
});

test("a place of the releases that refuses us leads to a build", async () => {
  machine.installGo("1.26.0");
  await machine.serve((_request, response) => response.writeHead(403).end());
  expect(await machine.ensure()).toMatchObject({ origin: "built" });
  expect(machine.lines[0]).toMatch(/answers 403/);
});

test("a silent place of the releases is given up after 5 s", async () => {
  machine.installGo("1.26.0");
  await machine.serve(() => {});
  const start = Date.now();
  expect(await machine.ensure()).toMatchObject({ origin: "built" });
  expect(Date.now() - start).toBeLessThan(8_000);
});

test("looking for the toolchain makes nothing", async () => {
  machine.installGo("1.26.0");
  expect(await machine.find()).toBeUndefined();
  const made = await machine.ensure();
  machine.calls();
  expect(await machine.find()).toEqual(made);

  machine.installPulumi("v3.259.0");
  expect(await machine.find()).toEqual(await machine.ensure());
  machine.installPulumi("v3.259.0", { plugins: true });
  expect(await machine.find()).toMatchObject({ origin: "installed", env: {} });
  expect(machine.calls()).toEqual([]);
});

test("without Go the error says what to do", async () => {
  await expect(machine.ensure()).rejects.toThrow(
    /^Go is needed to build Pulumi, and it is not installed\. Install Go 1\.\d+\.\d+ or newer .*, or install the Pulumi CLI/,
  );
});

test("a Go that is too old is named", async () => {
  machine.installGo("1.19.8");
  await expect(machine.ensure()).rejects.toThrow(/^Go 1\.19\.8 is too old to build Pulumi\. Install Go 1\.\d+\.\d+/);
});

test("after a failed build the next run goes on", async () => {
  machine.installGo("1.26.0", { fails: true });
  await expect(machine.ensure()).rejects.toThrow(/^building the Pulumi CLI failed .*:\nno such module$/);
  machine.calls();
  machine.installGo("1.26.0");
  writeFileSync(path.join(machine.ownHome, "pulumi.999999999.partial"), "left by a build that was killed");
  await machine.ensure();
  expect(machine.calls()).toEqual(ALL_BUILT);
  expect(readdirSync(machine.ownHome).filter((name) => name.endsWith(".partial"))).toEqual([]);
});

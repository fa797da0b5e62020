import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareDevStack } from "../../cli/lib/devStack";
import { Stack } from "../../cli/lib/stack";

const SERVER = { type: "openstack:compute/instance:Instance", id: "1", inputs: { name: "dev-web" } };

let backend: string;
let stack: Stack;

beforeEach(() => {
  backend = mkdtempSync(join(tmpdir(), "xwmooc-backend-"));
  const pulumi = join(backend, "pulumi");
  writeFileSync(pulumi, `#!/bin/sh\necho "$@" >> ${backend}/calls\n`, { mode: 0o755 });
  stack = new Stack("dev", { pulumi, env: {}, origin: "installed" });
});

afterEach(() => rmSync(backend, { recursive: true }));

/** Runs the preparation; gives the Pulumi commands it ran, without the options that all have. */
async function prepare(serverNames: string[]): Promise<string[]> {
  writeFileSync(join(backend, "calls"), "");
  await prepareDevStack(stack, () => {}, { backend, serverNames: async () => serverNames });
  const calls = readFileSync(join(backend, "calls"), "utf8").trim();
  return calls === "" ? [] : calls.split("\n").map((call) => call.replace(" --stack dev --non-interactive", ""));
}

function writeCheckpoint(latest: object): void {
  const folder = join(backend, ".pulumi", "stacks", "xwmooc");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "dev.json"), JSON.stringify({ checkpoint: { latest } }));
}

function writeLock(pid: number | undefined): void {
  const folder = join(backend, ".pulumi", "locks", "organization", "xwmooc", "dev");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "1.json"), JSON.stringify({ pid, hostname: hostname() }));
}

describe("the stack dev before an update", () => {
  it("is created the first time", async () => {
    expect(await prepare([])).toEqual(["stack init"]);
  });

  it("is left alone when it fits the cloud", async () => {
    writeCheckpoint({ resources: [SERVER] });
    expect(await prepare(["dev-web"])).toEqual([]);
  });

  it("is compared with a cloud that was made anew", async () => {
    writeCheckpoint({ resources: [SERVER] });
    expect(await prepare([])).toEqual([expect.stringMatching(/^refresh --yes .*--clear-pending-creates/)]);
  });

  it("loses what a killed update has left: its lock and its pending operations", async () => {
    const resource = { type: "command:remote:Command", inputs: {} };
    writeCheckpoint({ resources: [SERVER], pending_operations: [{ resource, type: "creating" }] });
    writeLock(spawnSync("true").pid);
    expect(await prepare(["dev-web"])).toEqual([
      "cancel --yes",
      expect.stringMatching(/^refresh .*--clear-pending-creates/),
    ]);
  });

  it("is not touched while another Pulumi works on it", async () => {
    const program = join(backend, "pulumi-at-work");
    copyFileSync("/bin/sleep", program);
    const other = spawn(program, ["60"]);
    writeCheckpoint({ resources: [SERVER] });
    writeLock(other.pid);
    await expect(prepare(["dev-web"])).rejects.toThrow(`Pulumi (process ${other.pid}) is at work on stack dev`);
    other.kill();
  });
});

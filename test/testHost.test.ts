import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const BUILD = join(__dirname, "support", "testHost", "build.sh");
const scratch = mkdtempSync(join(tmpdir(), "xwmooc-test-host-"));
const bin = join(scratch, "bin");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What mmdebstrap is asked for, behind the release, on a machine whose apt knows these sources. */
function sourcesOn(machine: string, targets: string[]): string[] {
  mkdirSync(bin, { recursive: true });
  const target = join(scratch, machine);
  const standIn = (name: string, script: string) => writeFileSync(join(bin, name), script, { mode: 0o755 });
  standIn("apt-get", `#!/bin/sh\nprintf '%s\\n' ${targets.map((one) => `'${one}'`).join(" ")}\n`);
  standIn("mmdebstrap", `#!/bin/sh\nmkdir '${target}.partial'\nprintf '%s\\n' "$@" >'${target}.arguments'\n`);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { status, stderr } = spawnSync(BUILD, [target, "debian-12"], { env, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const all = readFileSync(`${target}.arguments`, "utf8").trim().split("\n");
  return all.slice(all.indexOf("bookworm") + 2);
}

it("the Debian test host comes from the machine's own sources of Debian 12, elsewhere from mmdebstrap's", () => {
  const debian = [
    "Debian|http://mirror.example.org/debian|bookworm|main",
    "Debian|http://mirror.example.org/debian|bookworm|contrib",
    "nodesource|http://node.example.org|nodistro|main",
  ];
  expect(sourcesOn("debian", debian)).toEqual(["deb http://mirror.example.org/debian bookworm main"]);
  expect(sourcesOn("ubuntu", ["Ubuntu|http://archive.ubuntu.com/ubuntu|noble|main"])).toEqual([]);
});

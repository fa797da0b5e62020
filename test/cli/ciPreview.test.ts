import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "../../cli/lib/paths";
import type { Digest } from "../../cli/lib/preview/digest";
import { GitHubDouble } from "../support/githubDouble";
import { ToolchainDouble } from "../support/toolchainDouble";

let github: GitHubDouble;
let toolchain: ToolchainDouble;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  github = new GitHubDouble();
  toolchain = new ToolchainDouble();
  toolchain.installPulumi("v3.259.0", { plugins: true });
  env = { ...toolchain.env, ...(await github.start()), PULUMI_BACKEND_URL: `file://${toolchain.dir}` };
});
afterEach(() => {
  github.stop();
  toolchain.remove();
});

/** Has the stand-in of Pulumi show these previews, by stack. */
function pulumiShows(digests: Record<string, Digest>): void {
  for (const [stack, digest] of Object.entries(digests))
    writeFileSync(join(toolchain.dir, `${stack}.json`), JSON.stringify(digest));
  const answer = `while [ "$1" != --stack ]; do shift; done; cat "${toolchain.dir}/$2.json"`;
  toolchain.script("bin/pulumi", `[ "$1" = version ] && echo v3.259.0 && exit\n${answer}`);
}

/** Runs the command, and gives its exit code and what it prints. */
async function ciPreview(...args: string[]): Promise<[code: number, output: string]> {
  const command = ["--import", "tsx", join(ROOT, "cli", "ciPreview.ts"), ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return [code, output + errors];
}

const state = { type: "openstack:networking/floatingIp:FloatingIp" };
const UNCHANGED: Digest = { steps: [{ op: "same", urn: "urn::address", oldState: state, newState: state }] };
const CHANGED: Digest = { steps: [{ op: "update", urn: "urn::address", oldState: state, newState: state }] };

describe("ci:preview", () => {
  it("brings each stack's comment up to date, also where it is not Pulumi that fails", async () => {
    writeFileSync(join(toolchain.dir, "wrong.yaml"), "flavorHour: {}");
    const region = relative(join(ROOT, "prices"), join(toolchain.dir, "wrong"));
    pulumiShows({ tokyo2: UNCHANGED, hongkong: { ...UNCHANGED, config: { "xwmooc:region": region } } });
    github.comments = [{ id: 5, body: "<!-- preview of hongkong -->\nof an earlier commit" }];
    const [code, output] = await ciPreview("--stack", "tokyo2", "--stack", "hongkong", "--comment", "7");
    expect(github.written).toEqual([
      {
        call: "POST /issues/7/comments",
        body: { body: "<!-- preview of tokyo2 -->\n### `tokyo2`: no changes\n" },
      },
      {
        call: "PATCH /issues/comments/5",
        body: {
          body: expect.stringMatching(
            /^<!-- preview of hongkong -->\n### `hongkong`: the preview failed[\s\S]*is no price book/,
          ),
        },
      },
    ]);
    expect(output).toContain("### `tokyo2`: no changes");
    expect(code).toBe(1);
  });

  it("opens an issue where an update would change something, and closes it where none would", async () => {
    pulumiShows({ tokyo2: CHANGED, hongkong: UNCHANGED });
    github.issues = [{ number: 3, title: "Drift check of stack hongkong" }];
    const [code] = await ciPreview("--stack", "tokyo2", "--stack", "hongkong", "--drift", "--issue");
    expect(github.written).toEqual([
      {
        call: "POST /issues",
        body: {
          title: "Drift check of stack tokyo2",
          body: expect.stringMatching(/`tokyo2`: 1 updated[\s\S]*merged and waits for the approval of its deployment/),
        },
      },
      { call: "POST /issues/3/comments", body: { body: "Stack and cloud agree again." } },
      { call: "PATCH /issues/3", body: { state: "closed" } },
    ]);
    expect(code).toBe(1);
  });
});

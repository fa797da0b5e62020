import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../cli/lib/paths";
import { run } from "../toolchain/run";
import { buildGoTool } from "./support/goTool";

interface Job {
  uses?: string;
  if?: string;
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  secrets?: string;
  steps?: { run?: string }[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const FOLDER = join(ROOT, ".github", "workflows");
const files = readdirSync(FOLDER);
const read = (file: string) => readFileSync(join(FOLDER, file), "utf8");

describe("actionlint", () => {
  let actionlint: string;
  beforeAll(async () => {
    actionlint = await buildGoTool("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12", console.log);
  }, 300_000);

  it("has nothing to say of the workflows", async () => {
    const { status, stdout, stderr } = await run(
      actionlint,
      files.map((file) => join(FOLDER, file)),
    );
    expect(stdout + stderr).toBe("");
    expect(status).toBe(0);
  });
});

it.each([...files, "../actions/setup/action.yml"])(
  "%s pins every action by the full hash of a commit, with its version",
  (file) => {
    const uses = read(file).match(/^.*\buses:.*$/gm) ?? [];
    for (const line of uses) expect(line).toMatch(/uses: (\.\/\S+|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  },
);

describe.each(files)("%s", (file) => {
  const { on, permissions, jobs } = parse(read(file)) as Workflow;
  const isCalled = "workflow_call" in on;

  it("gives no permission but those that a job names", () => {
    expect(permissions).toEqual(isCalled ? undefined : {});
    for (const job of Object.values(jobs)) expect(job.permissions === undefined).toBe(isCalled);
  });

  it("lets no job run for hours", () => {
    for (const job of Object.values(jobs).filter(({ uses }) => !uses)) expect(job["timeout-minutes"]).toBeLessThan(180);
  });

  it("downloads Go modules as the user before root does, who would own the home's cache", () => {
    for (const { steps = [] } of Object.values(jobs)) {
      const runs = steps.flatMap(({ run }) => run ?? []);
      const asRoot = runs.findIndex((one) => /as-root npm (test|run)/.test(one));
      const asUser = runs.findLastIndex((one) => /^npm run test:go/.test(one));
      if (asRoot >= 0) expect(asUser).toBeLessThan(asRoot);
    }
  });

  it("hands secrets to no pull request of a fork", () => {
    if (!("pull_request" in on)) return;
    for (const job of Object.values(jobs).filter(({ secrets }) => secrets)) {
      expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    }
    expect(on).not.toHaveProperty("pull_request_target");
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ROOT } from "../../../cli/lib/paths";
import { readPriceBook } from "../../../cli/lib/preview/cost";
import type { Digest, ResourceState, Step } from "../../../cli/lib/preview/digest";
import { preview } from "../../../cli/lib/preview/preview";
import { Stack } from "../../../cli/lib/stack";
import recorded from "./recorded.json";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "xwmooc-preview-"));
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder}`);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A stack with a stand-in for the CLI, which notes how it was called. */
function stackThatRuns(script: string): Stack {
  const pulumi = join(folder, "pulumi");
  writeFileSync(pulumi, `#!/bin/sh\necho "$*" >>${folder}/calls\n${script}\n`, { mode: 0o755 });
  writeFileSync(join(folder, "calls"), "");
  return new Stack("acme/xwmooc/tokyo2", { pulumi, env: {}, origin: "installed" });
}

const calls = () => readFileSync(join(folder, "calls"), "utf8");

function stackThatShows(digest: Digest): Stack {
  writeFileSync(join(folder, "digest.json"), JSON.stringify(digest));
  return stackThatRuns(`cat ${folder}/digest.json`);
}

describe("a preview", () => {
  it("is reported with the region's price book", async () => {
    writeFileSync(join(folder, "tokyo2.yaml"), "currency: JPY\nflavorHour: {m1.small: 2, m1.medium: 4}\n");
    const { report, ...rest } = await preview(stackThatShows(recorded), { prices: folder });
    expect(report).toMatch(/^### `tokyo2`: 1 deleted/);
    expect(report).toContain("**2920.00 JPY** (+1460.00 JPY); without floating IP, stored GB, which have no price.");
    expect(rest).toEqual({ succeeded: true, hasChanges: true });
    expect(calls()).toBe(
      "preview --suppress-progress --json --show-sames --stack acme/xwmooc/tokyo2 --non-interactive\n",
    );
  });

  it("asks the clouds where drift is looked for", async () => {
    const { hasChanges } = await preview(stackThatShows({ steps: [] }), { refresh: true });
    expect(hasChanges).toBe(false);
    expect(calls()).toContain("--refresh");
  });

  it("with what the clouds were asked before counts each resource once, as the update leaves it", async () => {
    writeFileSync(join(folder, "tokyo2.yaml"), "currency: JPY\nflavorHour: {m1.small: 2}\n");
    const state = (type: string, inputs = {}) => ({ type, inputs, retainOnDelete: true });
    const server = state("openstack:compute/instance:Instance", { flavorName: "m1.small" });
    const rule = state("openstack:networking/secGroupRule:SecGroupRule");
    const container = state("openstack:objectstorage/container:Container");
    const both = (urn: string, one: ResourceState) => ({ urn: `urn::${urn}`, oldState: one, newState: one });
    const steps: Step[] = [
      { ...both("server", server), op: "refresh" },
      // Drift is shown as what the refresh does to Pulumi's state.
      { ...both("changed by hand", rule), op: "update" },
      { op: "delete", urn: "urn::deleted by hand", oldState: rule },
      { ...both("container", { ...container, retainOnDelete: false }), op: "refresh" },
      { ...both("server", server), op: "same" },
      { ...both("changed by hand", rule), op: "same" },
      { op: "create", urn: "urn::deleted by hand", newState: rule },
      { ...both("container", container), op: "same" },
    ];
    const { report, ...rest } = await preview(stackThatShows({ steps }), { refresh: true, prices: folder });
    expect(report).toContain("### `tokyo2`: 1 created, 3 unchanged");
    expect(report).toContain("**1460.00 JPY** (as now)");
    expect(rest).toEqual({ succeeded: true, hasChanges: true });
  });

  it("fails where a container would be deleted instead of forgotten, unless its deletion is confirmed", async () => {
    const steps = recorded.steps.map((step) => ({
      ...step,
      ...(step.newState && { newState: { ...step.newState, retainOnDelete: false } }),
    }));
    const { report, succeeded } = await preview(stackThatShows({ steps }));
    expect(succeeded).toBe(false);
    expect(report).toContain(
      "**Container `tokyo2-content-pi` would be deleted where it should be forgotten: give it retainOnDelete.**",
    );
    const confirmed = stackThatShows({ steps, config: { "xwmooc:deleteContent": "I-want-to-delete-all-courses" } });
    expect((await preview(confirmed)).succeeded).toBe(true);
  });

  it("that Pulumi ends with an error shows what Pulumi prints for people", async () => {
    const stack = stackThatRuns(
      'case "$*" in *--json*) echo "{}" ;; *) printf "+ server create\\nPolicies:\\n  host-keys-are-pinned\\n\\n" ;; esac; exit 1',
    );
    const { report, ...rest } = await preview(stack);
    expect(report).toContain("### `tokyo2`: the preview failed\n\n```text\nPolicies:\n  host-keys-are-pinned\n```");
    expect(rest).toEqual({ succeeded: false, hasChanges: false });
  });
});

describe("a price book", () => {
  it("need not be there", () => expect(readPriceBook("nowhere", folder)).toBeUndefined());

  it("is as docs/pull-requests.md shows it", () => {
    const text = readFileSync(join(ROOT, "docs", "pull-requests.md"), "utf8");
    const [example = ""] = /( {4}currency[\s\S]*?)\n\n/.exec(text) ?? [];
    writeFileSync(join(folder, "example.yaml"), example);
    expect(readPriceBook("example", folder)).toMatchObject({ currency: "USD", storedGb: 1 });
  });

  it("that does not fit is named with all its problems", () => {
    writeFileSync(join(folder, "wrong.yaml"), "flavourHour: {}\nfloatingIpHour: -1\n");
    expect(() => readPriceBook("wrong", folder)).toThrow(
      new RegExp(
        [
          "wrong.yaml is no price book:",
          "  - currency is missing: give the currency of the prices",
          "  - floatingIpHour must be 0 or more",
          '  - unknown key "flavourHour" \\(did you mean "flavorHour"\\?\\)',
        ].join("\n"),
      ),
    );
    writeFileSync(join(folder, "wrong.yaml"), "a: b: c");
    expect(() => readPriceBook("wrong", folder)).toThrow(/wrong\.yaml is no YAML/);
  });
});

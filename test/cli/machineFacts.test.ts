import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type MachineFacts, recordedFacts, recordFacts } from "../../cli/lib/machineFacts";

const FACTS: MachineFacts = {
  contentMount: { driver: "rclone" },
  webServer: {
    domain: "www.xwmooc.test",
    certificate: { authority: "https://10.77.0.2:14000/dir", trustedRoot: "PEM\n" },
  },
  dns: { zone: "xwmooc.test", create: true, email: "hostmaster@xwmooc.test" },
};

describe("the facts of this machine", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "xwmooc-facts-"));
    file = join(folder, "state", "dev.yaml");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("are none at first", () => {
    expect(recordedFacts(file)).toEqual({});
  });

  it("are written once, with their reason, and not again while they are the same", () => {
    recordFacts(FACTS, "rclone: cloudfuse can't be built.", file);
    expect(readFileSync(file, "utf8")).toContain("# rclone: cloudfuse can't be built.");
    expect(recordedFacts(file)).toEqual(FACTS);
    const { mtimeMs } = statSync(file);
    recordFacts(FACTS, "another reason", file);
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
    recordFacts({ contentMount: { driver: "rclone" } }, "no domain any more", file);
    expect(recordedFacts(file)).toEqual({ contentMount: { driver: "rclone" } });
  });

  it("are made anew where the file can't be read", () => {
    recordFacts(FACTS, "a reason", file);
    writeFileSync(file, "contentMount: [");
    expect(recordedFacts(file)).toEqual({});
  });
});

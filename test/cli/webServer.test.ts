import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { certificateProblem, certificateStatus } from "../../cli/lib/certificate";
import { mirrorProblem, mirrorStatus } from "../../cli/lib/contentMirror";
import { domainProblem } from "../../cli/lib/dnsRecords";
import { publisherStatus } from "../../cli/lib/publisher";
import { gatewayStatus } from "../../cli/lib/uploadGateway";
import { answersOf, scriptOf } from "../../cli/lib/webServer";

describe("several questions in one login", () => {
  it("get an answer each, whatever they print", () => {
    const script = scriptOf({
      json: `echo '{"a": 1}'`,
      lines: "printf 'one\\n\\ntwo'",
      silent: "true",
      failed: "echo no >&2; (exit 3)",
    });
    const { stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    expect(answersOf(stdout)).toEqual({
      json: { code: 0, text: '{"a": 1}' },
      lines: { code: 0, text: "one\n\ntwo" },
      silent: { code: 0, text: "" },
      failed: { code: 3, text: "no" },
    });
  });

  it("that fail say so in words", () => {
    const failed = { code: 1, text: "site-publisher: it does not run" };
    expect(() => publisherStatus(failed)).toThrow("site-publisher: it does not run");
    expect(() => gatewayStatus({ code: 127, text: "" }, [])).toThrow("exit code 127");
    expect(() => certificateStatus(failed)).toThrow("it does not run");
  });
});

describe("the certificate", () => {
  const now = Date.parse("2026-11-25T12:00:00Z");
  const of = (text: string) => certificateProblem(certificateStatus({ code: 0, text }), now);

  it.each([
    ["domain=a.org\nends=2027-02-01T00:00:00Z", undefined],
    ["domain=a.org", "there is none of a.org yet, the site is served by HTTP"],
    ["domain=a.org\nproblem=no A record", "there is none of a.org yet, the site is served by HTTP: no A record"],
    [
      "domain=a.org\nends=2026-12-01T00:00:00Z\nproblem=timeout",
      "the one of a.org ends in 5 days and was not renewed: timeout",
    ],
    [
      "domain=a.org\nends=2027-02-01T00:00:00Z\nmissing=b.a.org c.a.org",
      "the one of a.org lacks b.a.org, c.a.org: a name gets into it once it leads where a.org does",
    ],
    [
      "domain=a.org\nends=2027-02-01T00:00:00Z\nmissing=b.a.org\nproblem=CAA forbids it",
      "the one of a.org lacks b.a.org: a name gets into it once it leads where a.org does: CAA forbids it",
    ],
    [
      "domain=a.org\nends=2026-12-01T00:00:00Z\nmissing=b.a.org\nproblem=timeout",
      "the one of a.org ends in 5 days and was not renewed: timeout",
    ],
    ["domain=a.org\nends=2026-11-24T00:00:00Z", "the one of a.org has expired on 2026-11-24: browsers refuse the site"],
  ])("%j", (text, problem) => {
    expect(of(text)).toBe(problem);
  });
});

describe("a mirror", () => {
  const now = Date.parse("2026-11-25T12:00:00Z");
  const course = { name: "pi", state: "in step", objects: 9, different: 0, held: 0, problem: null };
  const of = (change: object) => {
    const courses = [{ ...course, seenAt: "2026-11-25T11:59:00Z", ...change }];
    const [status] = mirrorStatus({ code: 0, text: JSON.stringify({ courses }) });
    return status && mirrorProblem(status, now);
  };

  it.each([
    [{}, undefined],
    [{ state: "copying", different: 5 }, undefined],
    [
      { state: "different", different: 5, problem: "5 objects are gone at the source" },
      "5 objects are not as in the other region: 5 objects are gone at the source",
    ],
    [{ state: "outage", problem: "connection refused" }, "connection refused"],
    [
      { seenAt: "2026-11-25T10:00:00Z" },
      "the mirror has given no sign of life for 120 min 0 s: npm run ssh -- sudo journalctl --unit content-mirror --lines 20",
    ],
    [
      { seenAt: null },
      "the mirror has given no sign of life: npm run ssh -- sudo journalctl --unit content-mirror --lines 20",
    ],
  ])("%j", (change, problem) => {
    expect(of(change)).toBe(problem);
  });
});

describe("a record in the DNS", () => {
  const record = { name: "a.org", type: "A", value: "192.0.2.1" } as const;
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

  it.each([
    ["as declared", async () => ["192.0.2.9", "192.0.2.1"], undefined],
    [
      "elsewhere",
      async () => ["192.0.2.9"],
      'a.org leads to 192.0.2.9 instead of 192.0.2.1: create the record "a.org. A 192.0.2.1" where the domain is registered',
    ],
    [
      "missing",
      failing("ENOTFOUND"),
      'a.org leads nowhere: create the record "a.org. A 192.0.2.1" where the domain is registered',
    ],
    ["unknown", failing("ETIMEOUT"), "a.org could not be looked up (ETIMEOUT): try again"],
  ])("%s", async (_, resolve, problem) => {
    expect(await domainProblem(record, undefined, resolve)).toBe(problem);
  });

  it("that the stack keeps is created by the stack", async () => {
    const problem = await domainProblem(record, { stack: "tokyo2", zone: "a.org" }, failing("ENOTFOUND"));
    expect(problem).toContain(
      'a.org leads nowhere: npm run pulumi -- up --refresh --stack tokyo2 creates the record "a.org. A 192.0.2.1"',
    );
    expect(problem).toContain("the zone a.org must be led to the cloud's name servers");
  });
});

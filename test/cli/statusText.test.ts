import { describe, expect, it } from "vitest";
import type { CourseStatus } from "../../cli/lib/publisher";
import type { ServerReport } from "../../cli/lib/serverReport";
import { statusText } from "../../cli/lib/statusText";

const course = (changes: Partial<CourseStatus>): CourseStatus => ({
  name: "pi",
  path: "pi",
  state: "current",
  lastListing: null,
  lagSeconds: 0,
  lastPublication: null,
  publications: [],
  files: 313,
  bytes: 2_000_000,
  fetching: null,
  heldDeletions: 0,
  skipped: [],
  lastError: null,
  ...changes,
});

const server = (name: string, address: string, changes: Partial<CourseStatus>): ServerReport => ({
  name,
  address,
  publisher: {
    version: 1,
    startedAt: "2026-11-25T12:00:00Z",
    mount: { healthy: true, detail: "6 containers" } as NonNullable<ServerReport["publisher"]>["mount"],
    canary: null,
    courses: [course(changes)],
  },
  uploads: { urls: [`ftpes://${address}/`], state: "active", detail: "" },
  problems: [],
});

const report = (servers: ServerReport[]) => ({
  stackName: "tokyo2",
  servers,
  courses: [{ name: "pi", url: "http://192.0.2.1/pi/", http: 200 }],
  problems: [],
});

describe("the status as a person reads it", () => {
  it("of one web server names it nowhere", () => {
    expect(statusText(report([server("tokyo2-web", "192.0.2.1", { heldDeletions: 30 })]))).toBe(
      [
        "Mount /mnt    healthy: 6 containers",
        "Uploads       active: ftpes://192.0.2.1/",
        "Courses",
        "  pi           current       313 files    2.0 MB  http://192.0.2.1/pi/",
        "    30 deletions wait for approval: npm run ssh -- sudo site-publisher approve pi",
        "Everything works.",
        "",
      ].join("\n"),
    );
  });

  it("of several has what each of them says", () => {
    const second = server("tokyo2-web-2", "192.0.2.2", { state: "publishing", files: 300, heldDeletions: 30 });
    expect(statusText(report([server("tokyo2-web", "192.0.2.1", {}), second]))).toBe(
      [
        "Server        tokyo2-web  192.0.2.1",
        "Mount /mnt    healthy: 6 containers",
        "Uploads       active: ftpes://192.0.2.1/",
        "Server        tokyo2-web-2  192.0.2.2",
        "Mount /mnt    healthy: 6 containers",
        "Uploads       active: ftpes://192.0.2.2/",
        "Courses",
        "  pi           current       313 files    2.0 MB  http://192.0.2.1/pi/",
        "    on server 2: publishing    300 files    2.0 MB",
        "    30 deletions wait for approval: npm run ssh -- --server 2 sudo site-publisher approve pi",
        "Everything works.",
        "",
      ].join("\n"),
    );
  });

  it("of a server that does not answer shows the site all the same", () => {
    const silent = { name: "web server", address: "192.0.2.1", problems: [] };
    expect(statusText(report([silent]))).toBe("Courses\n  pi           http://192.0.2.1/pi/\nEverything works.\n");
  });
});

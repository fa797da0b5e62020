import { expect, test } from "vitest";
import type { CourseStatus, Status } from "../../provisioning/publisher/src/status";
import { statusPage } from "../../provisioning/publisher/src/statusPage";

const NOW = Date.parse("2026-11-25T12:00:00Z");

const publication = (i: number) => ({
  release: `0000000${i}`,
  at: new Date(NOW - i * 60_000).toISOString(),
  added: i,
  changed: 0,
  deleted: 0,
  durationMs: 100 * i,
});

const course: CourseStatus = {
  name: "pi",
  path: "pi",
  state: "outage",
  lastListing: null,
  lagSeconds: 12.34,
  lastPublication: publication(3),
  publications: [publication(5), publication(4), publication(3)],
  files: 1234,
  bytes: 5_600_000,
  fetching: null,
  heldDeletions: 7,
  skipped: [{ name: "a<b>", reason: "the name can't be a file" }],
  lastError: { at: "2026-11-25T11:59:00.000Z", message: "503 <html>" },
};

const status: Status = {
  version: 1,
  startedAt: "2026-11-25T10:00:00.000Z",
  mount: { healthy: true, detail: "/mnt shows 6 containers" },
  canary: { at: null, latencySeconds: null, failures: 2, lastError: "not served within 60 s" },
  courses: [course, { ...course, name: "new", publications: [], lastPublication: null, lastError: null, skipped: [] }],
};

const html = statusPage("정보 <교육>", status, NOW);

test("the status page says what the status does, and marks what needs somebody", () => {
  expect(html).toContain("<title>Status of 정보 &lt;교육&gt;</title>");
  expect(html).toContain("2 h ago");
  expect(html).toContain('<td><strong class="bad">outage</strong></td><td class="number">1,234</td>');
  expect(html).toContain("12.3 s");
  expect(html).toContain('<strong class="bad">not served within 60 s</strong>');
  expect(html).toContain("503 &lt;html&gt;");
  expect(html).toContain("&quot;a&lt;b&gt;&quot;: the name can&#39;t be a file");
  expect(html).toContain("Nothing was published yet.");
});

test("it draws the publications, the newest at the right, and lists them, the newest first", () => {
  const bars = [...html.matchAll(/<rect x="(\d+)" y="(\d+)" width="26" height="(\d+)">/g)].map((bar) =>
    bar.slice(1).map(Number),
  );
  expect(bars).toEqual([
    [510, 0, 80],
    [540, 16, 64],
    [570, 32, 48],
  ]);
  expect(html.indexOf("<td>00000003</td>")).toBeLessThan(html.indexOf("<td>00000005</td>"));
  expect(html).toContain('aria-label="How long the last 3 publications took; the longest 0.50 s"');
});

test("it is one whole page: every element is closed, nothing comes from elsewhere", () => {
  const open: string[] = [];
  for (const [, end, name = ""] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (["meta"].includes(name)) continue;
    if (end === "") open.push(name);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
  expect(html).not.toMatch(/https?:|<script|<link|src=/);
});

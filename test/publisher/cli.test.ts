import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bundlePublisher, serverProgram } from "../../provisioning/bundle";
import type { Config } from "../../provisioning/publisher/src/config";
import type { ReleaseStatus } from "../../provisioning/publisher/src/status";
import { statusText } from "../../provisioning/publisher/src/statusText";
import { SwiftDouble } from "../support/swiftDouble";
import { course, Site, until, untilServed } from "./site";

let store: SwiftDouble;
let site: Site;

beforeEach(async () => {
  store = await new SwiftDouble().start();
  site = new Site(store.credentials);
});

afterEach(async () => {
  await site.remove();
  await store.stop();
});

test("the bundle is the same each time, one file, and needs nothing but Node", async () => {
  const bundle = await bundlePublisher();
  // Built anew, not taken from the cache.
  const cache = path.join(__dirname, "../../.cache/bundles/test-again");
  fs.rmSync(cache, { recursive: true, force: true });
  expect(await serverProgram("test-again", "provisioning/publisher/src/cli.ts")).toBe(bundle);
  fs.rmSync(cache, { recursive: true });
  const required = [...bundle.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name ?? "");
  expect(required.filter((name) => !name.startsWith("node:"))).toEqual([]);
  expect(bundle).not.toContain(process.cwd());
});

test("every problem of the configuration at once, and an end that no restart follows", async () => {
  const config = {
    webRoot: "html",
    pollSeconds: 0,
    keepReleases: 1.5,
    massDeletion: { percent: 101, files: -1, windowSeconds: 600 },
    colour: "red",
    courses: [
      course({ path: "../etc", link: "pi" }),
      course({ source: "/lead" }),
      course({ name: "a/b", path: "x" }),
      course({ name: "inner", path: "x/y" }),
      course({ name: "hidden", path: ".well" }),
      course({ name: "index", path: "index.html" }),
    ],
  };
  site.configure(config as unknown as Partial<Config>);
  fs.writeFileSync(
    path.join(site.dir, "credentials.json"),
    '{"auth":"v1","authUrl":"ftp://x","username":"u","apikey":"hush"}',
  );
  site.start();
  expect(await site.exit()).toBe(78);
  for (const problem of [
    "webRoot: must be an absolute path",
    "pollSeconds: must be a number from 0.1 to 3600",
    "keepReleases: must be a whole number from 1 to 100",
    "massDeletion.percent: must be a number from 0 to 100",
    "massDeletion.files: must be a whole number",
    "colour: unknown key; known are",
    "courses[0].path: must be a path below the web root",
    'courses[0].link: must be a link such as "/pi/"',
    "courses[1].source: must be a folder in the container",
    "courses[2].name: must be letters",
    'courses: "course" is there twice',
    'paths "x" and "x/y" overlap',
    "courses[4].path",
    "courses[5].path",
    "authUrl: must be a URL",
    "apiKey: must be a text",
    "apikey: unknown key; known are auth, authUrl, username, apiKey",
  ]) {
    expect(site.output).toContain(problem);
  }
  expect(site.output).not.toMatch(/hush|\bat .*:\d+:\d+/);
});

test.each(["", "{", "[]", "null"])("a configuration file that holds %j", async (text) => {
  fs.writeFileSync(path.join(site.dir, "config.json"), text);
  site.start();
  expect(await site.exit()).toBe(78);
  expect(site.output).toMatch(/config\.json:\n {2}\S/);
});

describe("verbs", () => {
  test("without a service: one clear line", async () => {
    await expect(site.run("status")).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^site-publisher: .*is it running\?.*\n$/),
    });
  });

  test.each([[[]], [["publish"]], [["approve"]], [["status", "--jsn"]], [["mount-reader"]]])(
    "%j is refused with the usage",
    async (args) => {
      await expect(site.run(...args)).rejects.toMatchObject({
        code: 64,
        stderr: expect.stringContaining("usage: site-publisher run"),
      });
    },
  );

  test("a second service is refused, and the first goes on", async () => {
    store.put("course", "a", "one");
    site.start();
    await untilServed(site, { a: "one" });
    await expect(
      site.run(
        "run",
        "--config",
        path.join(site.dir, "config.json"),
        "--credentials",
        path.join(site.dir, "credentials.json"),
      ),
    ).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("another site-publisher is running"),
    });
    expect((await site.courseStatus()).state).toBe("current");
  });

  test("status, as JSON and for people", async () => {
    store.put("course", "a", "one");
    site.start();
    await untilServed(site, { a: "one" });
    const status = JSON.parse(await site.run("status", "--json"));
    expect(status).toEqual({
      version: 1,
      startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      mount: { healthy: expect.any(Boolean), detail: expect.any(String) },
      canary: null,
      courses: [
        {
          name: "course",
          path: "course",
          state: "current",
          lastListing: expect.stringMatching(/^\d{4}-.*Z$/),
          lagSeconds: expect.any(Number),
          lastPublication: {
            release: expect.stringMatching(/^00000001-/),
            at: expect.any(String),
            added: 1,
            changed: 0,
            deleted: 0,
            durationMs: expect.any(Number),
          },
          publications: [expect.objectContaining({ added: 1 })],
          files: 1,
          bytes: 3,
          fetching: null,
          heldDeletions: 0,
          skipped: [],
          lastError: null,
        },
      ],
    });
    expect(await site.run("status")).toMatch(
      /^COURSE +STATE +FILES +MiB +HELD +SKIPPED +LAG +PUBLISHED\ncourse +current +1 +0\.0 +0 +0 +\d\.\d s +\d s ago\n\nmount: /,
    );
    expect(JSON.parse(await site.run("status", "course", "--json")).courses).toHaveLength(1);
    await expect(site.run("status", "curse")).rejects.toThrow("no course curse; there are: course");
    const nothing = { ...status, courses: [{ ...status.courses[0], lastPublication: null, lastListing: null }] };
    expect(statusText(nothing)).toContain("never");
    const fetching = { files: 1, ofFiles: 30, bytes: 2 ** 20, ofBytes: 2 ** 22 };
    const busy = { ...status, courses: [{ ...status.courses[0], fetching }] };
    expect(statusText(busy)).toContain("course: 1 of 30 files fetched (1.0 of 4.0 MiB)");
  });
});

describe("the start page", () => {
  const page = () => fs.readFileSync(path.join(site.webRoot, "index.html"), "utf8");

  test("lists the courses; what is not published yet has no link", async () => {
    store.put("course", "index.html", "one");
    site.configure({
      siteTitle: "정보 교육 <xwMOOC>",
      courses: [
        course({ title: "파이썬 & 데이터", description: 'He said "<b>"', path: "책/py 4" }),
        course({ name: "later", container: "later", title: "Later", path: "later" }),
      ],
    });
    store.createContainer("later");
    site.start();
    await until(page, (html) => html.includes('<a href="/%EC%B1%85/py%204/">파이썬 &amp; 데이터</a>'));
    expect(page()).toContain('<html lang="ko">');
    expect(page()).toContain("<title>정보 교육 &lt;xwMOOC&gt;</title>");
    expect(page()).toContain("<p>He said &quot;&lt;b&gt;&quot;</p>");
    expect(page()).toContain("<h2>Later (준비 중)</h2>");
    expect(page()).toContain('name="viewport"');
    expect(page()).toMatch(/<time datetime="20\d\d-[^"]+Z">20\d\d년 \d+월 \d+일<\/time>/);
    expect(page()).not.toMatch(/https?:|<script|<link/);
    store.put("later", "a", "a");
    await until(page, (html) => html.includes('<a href="/later/">Later</a>'));
  });

  test("is there in English, too, and so is the page of what is not there", async () => {
    store.put("course", "index.html", "one");
    site.configure({
      courses: [course({ title: "파이", english: { title: "Pi & more", description: "In English" } })],
    });
    site.start();
    const english = () => fs.readFileSync(path.join(site.webRoot, "index.en.html"), "utf8");
    await until(english, (html) => html.includes('<a href="/course/">Pi &amp; more</a>'));
    expect(english()).toContain('<html lang="en">');
    expect(english()).toContain("<p>In English</p>");
    expect(english()).toMatch(/Last update: <time datetime="[^"]+">\w+ \d+, 20\d\d<\/time>/);
    expect(english()).toContain('<a href="/index.html" lang="ko" hreflang="ko">한국어</a>');
    expect(page()).toContain('<a href="/index.en.html" lang="en" hreflang="en">English</a>');
    const notFound = fs.readFileSync(path.join(site.webRoot, "404.html"), "utf8");
    for (const words of ["찾을 수 없습니다", "was not found", 'href="/index.html"']) expect(notFound).toContain(words);
  });

  test("leads to the courses' own names, and back", async () => {
    store.put("course", "index.html", "one");
    site.configure({ startLink: "//example.org/", courses: [course({ link: "//pi.example.org/" })] });
    site.start();
    await until(page, (html) => html.includes('<a href="//pi.example.org/">Course</a>'));
    const notFound = fs.readFileSync(path.join(site.webRoot, "404.html"), "utf8");
    expect(notFound).toContain('href="//example.org/index.en.html"');
  });

  test("follows the configuration at the next start, in an outage too", async () => {
    store.put("course", "a", "one");
    site.start();
    await until(page, (html) => html.includes('<a href="/course/">'));
    await site.kill();
    site.configure({ courses: [course({ title: "Renamed" })] });
    store.fault = () => 503;
    site.start();
    await until(page, (html) => html.includes('<a href="/course/">Renamed</a>'));
  });
});

test("pinned while a publication is under way: that one is not shown any more, but after unpin", async () => {
  store.put("course", "a", "one");
  site.start();
  await untilServed(site, { a: "one" });
  // They take long enough to be fetched.
  const files: Record<string, string> = { a: "one" };
  for (let number = 0; number < 200; number++) files[`b${number}`] = "two";
  let pinned: Promise<unknown> | undefined;
  store.fault = ({ object }) => {
    if (object !== undefined) pinned ??= site.post("/courses/course/pin");
    return undefined;
  };
  for (const [name, content] of Object.entries(files)) store.put("course", name, content);
  await until(
    () => pinned,
    (asked) => asked !== undefined,
  );
  for (const end = Date.now() + 1_500; Date.now() < end; await sleep(20)) expect(site.served()).toEqual({ a: "one" });
  expect(await site.courseStatus()).toMatchObject({ state: "pinned", lastError: null });
  await site.post("/courses/course/unpin");
  await untilServed(site, files);
});

test("releases, rollback, pin and unpin: what visitors see, over a restart, until the store changes", async () => {
  store.put("course", "index.html", "one");
  site.start();
  await untilServed(site, { "index.html": "one" });
  store.put("course", "index.html", "two");
  await untilServed(site, { "index.html": "two" });
  const list = async () => JSON.parse(await site.run("releases", "course", "--json")) as ReleaseStatus[];
  const [second, first] = await list();
  expect([second?.shown, first?.shown]).toEqual([true, false]);

  expect(await site.run("rollback", "course")).toBe(
    `course: visitors see ${first?.id}, until the store changes or \`unpin\`\n`,
  );
  expect(site.served()).toEqual({ "index.html": "one" });
  await site.kill();
  site.start();
  await until(
    () => site.courseStatus(),
    ({ state, lastListing }) => state === "rolled back" && lastListing !== null,
  );
  expect(site.served()).toEqual({ "index.html": "one" });
  store.put("course", "index.html", "three");
  await untilServed(site, { "index.html": "three" });

  expect(await site.run("pin", "course", first?.id ?? "")).toContain(first?.id);
  store.put("course", "index.html", "four");
  const listings = () => store.requests.filter(({ object }) => object === undefined).length;
  const before = listings();
  await until(listings, (seen) => seen > before + 5);
  expect(site.served()).toEqual({ "index.html": "one" });
  expect((await site.courseStatus()).state).toBe("pinned");
  expect(await site.run("unpin", "course")).toContain("the newest");
  await untilServed(site, { "index.html": "four" });
  await expect(site.run("rollback", "course", "00000099-20260101T000000Z")).rejects.toThrow("kept are: ");
});

test("Prometheus finds metrics on the loopback", async () => {
  const port = await freePort();
  site.configure({ metricsPort: port });
  store.put("course", "a", "one");
  site.start();
  await untilServed(site, { a: "one" });
  const page = await fetch(`http://127.0.0.1:${port}/`);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await page.text()).toContain('<th scope="row"><a href="#course">course</a></th><td>current</td>');
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(answer.headers.get("content-type")).toContain("version=0.0.4");
  const text = await answer.text();
  for (const line of text.trim().split("\n")) {
    expect(line).toMatch(/^(# (HELP|TYPE) site_publisher_\w+ .+|site_publisher_\w+(\{course="course"\})? [\d.]+)$/);
  }
  expect(text).toContain('site_publisher_course_files{course="course"} 1\n');
  expect(text).toContain('site_publisher_course_outage{course="course"} 0\n');
  expect(Number(/store_requests_total (\d+)/.exec(text)?.[1])).toBeGreaterThan(1);
  expect(Number(/store_received_bytes_total (\d+)/.exec(text)?.[1])).toBeGreaterThan(100);
});

async function freePort(): Promise<number> {
  const server = http.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

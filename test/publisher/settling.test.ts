import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import type { Difference, FileVersion } from "../../provisioning/publisher/src/files";
import { type Look, Settling } from "../../provisioning/publisher/src/settling";
import { SwiftDouble } from "../support/swiftDouble";
import { course, Site, until, untilServed } from "./site";

/** By the clock that is never set, and by the one that the store's times are of. */
const NOW = 10_000;
const WALL = Date.parse("2026-01-01T00:00:10Z");
const version = (name: string, secondsAgo: number): FileVersion => ({
  ...{ name, hash: name, bytes: 1 },
  lastModified: new Date(WALL - secondsAgo * 1000).toISOString().replace("Z", "000"),
});
const added = (...versions: FileVersion[]): Difference => ({ added: versions, changed: [], deleted: [] });
const look = (ago: number, before?: number): Look => ({
  at: NOW - ago * 1000,
  before: before === undefined ? undefined : NOW - before * 1000,
  wall: WALL - ago * 1000,
});

describe("changes have settled", () => {
  let settling: Settling;
  beforeEach(() => {
    settling = new Settling({ seconds: 0.7, limitSeconds: 30 });
  });

  it("0.7 s after the newest, by the store's time", () => {
    expect(settling.remaining(added(version("a", 5), version("b", 0.2)), look(0, 0.5), NOW)).toBe(500);
    expect(settling.remaining(added(version("a", 5), version("b", 0.2)), look(-0.5, 0), NOW + 500)).toBe(0);
  });

  it("at once, where they are older: the publisher was not there when they came", () => {
    expect(settling.remaining(added(version("a", 3600)), look(0), NOW)).toBe(0);
  });

  it("not later for a store whose clock is ahead, nor sooner for one that is behind, but by the time between two looks", () => {
    expect(settling.remaining(added(version("a", -3600)), look(0, 0.5), NOW)).toBe(700);
    settling.reset();
    expect(settling.remaining(added(version("a", 3600)), look(0, 0.5), NOW)).toBe(200);
  });

  it("0.7 s after they were seen, where they are deletions, which have no time", () => {
    expect(settling.remaining({ added: [], changed: [], deleted: ["a"] }, look(0, 0.5), NOW)).toBe(700);
  });

  it("0.7 s after the newest, whatever the wall clock is set to meanwhile", () => {
    const changes = added(version("a", 0.2));
    expect(settling.remaining(changes, look(0, 0.5), NOW)).toBe(500);
    expect(settling.remaining(changes, { ...look(-0.3, 0), wall: 0 }, NOW + 300)).toBe(200);
  });

  it("after 30 s in any case", () => {
    for (let second = 0; second < 30; second++) {
      const changes = added(version(`file ${second}`, -second));
      expect(settling.remaining(changes, look(-second, 1 - second), NOW + second * 1000)).toBeGreaterThan(0);
    }
    expect(settling.remaining(added(version("file 30", -30)), look(-30, -29), NOW + 30_000)).toBe(0);
  });
});

describe("on the site", () => {
  let store: SwiftDouble;
  let site: Site;

  beforeEach(async () => {
    store = await new SwiftDouble().start();
    site = new Site(store.credentials, { courses: [course({ settle: { seconds: 0.5, limitSeconds: 30 } })] });
  });
  afterEach(async () => {
    await site.remove();
    await store.stop();
  });

  test("an upload of many files is published as a whole, and nothing of it is read twice", async () => {
    store.put("course", "index.html", "old", { modified: "2026-01-01T00:00:00.000000" });
    site.start();
    await untilServed(site, { "index.html": "old" });
    const files: Record<string, string> = { "index.html": "new" };
    for (let i = 0; i < 12; i++) files[`page${i}.html`] = `page ${i}`;
    for (const [name, text] of Object.entries(files)) {
      store.put("course", name, text);
      expect(site.served()).toEqual({ "index.html": "old" });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await untilServed(site, files);
    expect(store.reads.length).toBe(14);
    const { lastPublication } = await site.courseStatus();
    expect(lastPublication).toMatchObject({ added: 12, changed: 1, deleted: 0 });
  });

  test("`publish` is for what is there then, not for what comes later", async () => {
    site.configure({ courses: [course({ settle: { seconds: 20, limitSeconds: 30 } })] });
    store.put("course", "index.html", "old", { modified: "2026-01-01T00:00:00.000000" });
    site.start();
    await untilServed(site, { "index.html": "old" });
    await site.post("/courses/course/publish");
    await site.post("/courses/course/pin");
    await site.post("/courses/course/publish");
    const { requests } = store;
    requests.length = 0;
    await until(
      () => requests.length,
      (count) => count > 2,
    );
    await site.post("/courses/course/unpin");
    store.put("course", "index.html", "new");
    await until(
      () => site.courseStatus(),
      ({ state }) => state === "publishing",
    );
    requests.length = 0;
    await until(
      () => requests.length,
      (count) => count > 2,
    );
    expect(site.served()).toEqual({ "index.html": "old" });
    // A failure does not lose it.
    let failures = 0;
    store.fault = ({ object }) => (object === undefined && ++failures <= 2 ? 503 : undefined);
    await site.post("/courses/course/publish");
    await untilServed(site, { "index.html": "new" });
    expect(failures).toBeGreaterThan(2);
  });

  test("a store that is never silent is published all the same", async () => {
    site.configure({ courses: [course({ settle: { seconds: 1, limitSeconds: 2 } })] });
    store.put("course", "index.html", "0", { modified: "2026-01-01T00:00:00.000000" });
    site.start();
    await untilServed(site, { "index.html": "0" });
    let written = 0;
    const writing = setInterval(() => store.put("course", "index.html", String(++written)), 200);
    await until(
      () => Number(site.served()["index.html"]),
      (seen) => seen > 5 && seen < written + 1,
    ).finally(() => clearInterval(writing));
  });
});

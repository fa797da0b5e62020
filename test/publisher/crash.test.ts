import * as fs from "node:fs";
import { hostname } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
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

const releasesOf = () => path.join(site.releasesDir, "course");
const link = () => path.join(site.webRoot, "course");
const offline = () => {
  store.fault = () => 503;
};
const online = () => {
  store.fault = () => undefined;
};

test("killed at any point of a publication, the site is a state that the store had, and the next start goes on", async () => {
  const FILES = 120;
  // Long enough to be compressed: the forms are looked at, too.
  const content = (generation: number, i: number) =>
    (i % 3 === 0 ? "always the same " : `generation ${generation} of ${i} `).repeat(100);
  const stored = (generation: number): Record<string, string> => {
    const files: Record<string, string> = { [`only-${generation}`]: "x" };
    for (let i = 0; i < FILES; i++) files[`dir${i % 7}/f${i}.html`] = content(generation, i);
    return files;
  };
  let generation = 0;
  const next = () => {
    store.delete("course", `only-${generation}`);
    generation++;
    for (const [name, text] of Object.entries(stored(generation))) store.put("course", name, text);
  };

  next();
  site.start();
  await untilServed(site, stored(1));
  for (let round = 0; round < 16; round++) {
    next();
    await sleep(round * 18);
    await site.kill();
    // All of one generation, whichever: never a mixture, never less.
    const served = site.served();
    const published = Number(/generation (\d+)/.exec(served["dir1/f1.html"] ?? "")?.[1]);
    expect(served).toEqual(stored(published));
    site.start();
  }
  await untilServed(site, stored(generation));
  await site.kill();
  site.start();
  await until(
    () => site.courseStatus(),
    ({ state }) => state === "current",
  );
  const left = fs.readdirSync(releasesOf()).filter((name) => !name.startsWith(".staging"));
  expect(left.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5))).toEqual(
    left.filter((name) => !name.includes(".")),
  );
}, 60_000);

test("what an interrupted first publication had fetched is not fetched again", async () => {
  for (let i = 0; i < 40; i++) store.put("course", `f${i}`, `content ${i}`);
  store.fault = ({ object }) => (object === "f39" ? "hang" : undefined);
  site.start();
  await until(
    () => store.reads.length,
    (count) => count === 40,
  );
  await sleep(200);
  await site.kill();
  expect(fs.existsSync(link())).toBe(false);
  online();
  store.requests.length = 0;
  site.start();
  await until(
    () => Object.keys(site.served()).length,
    (count) => count === 40,
  );
  expect(store.reads.map(({ object }) => object)).toEqual(["f39"]);
});

const OUTLINE = '{"version":4,"files":1,"folders":[["","ID/0"]],"list":"ID"}';
const LIST = '{"version":4,"files":1}';
const DAMAGES = [
  ...["", "{", OUTLINE, `${OUTLINE}\n["../x","h",1,"t"]`, `${OUTLINE}\n["a","h",`, null].map((text) => ["json", text]),
  ...["", LIST, `${LIST}\n["../x","h",1,"t"]`, `${LIST}\n["a","h",`, null].map((text) => ["files", text]),
];

test.each(DAMAGES)(
  "a manifest whose part .%s is %j is made anew from the files, without the store",
  async (part, damage) => {
    store.put("course", "a", "one");
    store.put("course", "b/c", "two");
    site.start();
    await untilServed(site, { a: "one", "b/c": "two" });
    await site.kill();
    const release = path.dirname(fs.realpathSync(link()));
    const damaged = `${release}.${part}`;
    if (damage === null) fs.rmSync(damaged);
    else fs.writeFileSync(damaged, String(damage).replaceAll("ID", path.basename(release)));
    offline();
    site.start();
    await until(
      () => site.courseStatus(),
      ({ state, files }) => state === "outage" && files === 2,
    );
    expect(site.served()).toEqual({ a: "one", "b/c": "two" });

    store.requests.length = 0;
    online();
    await until(
      () => site.courseStatus(),
      ({ state }) => state === "current",
    );
    expect(store.reads).toEqual([]);
  },
);

test("files that vanished from the release are fetched again", async () => {
  store.put("course", "a", "one");
  store.put("course", "b", "two");
  site.start();
  await untilServed(site, { a: "one", b: "two" });
  fs.rmSync(path.join(link(), "a"));
  // While it runs, that is found by the next publication; at a start at once.
  store.put("course", "b", "TWO");
  await untilServed(site, { a: "one", b: "TWO" });
  await site.kill();
  fs.truncateSync(path.join(fs.realpathSync(link()), "b"), 1);
  site.start();
  await untilServed(site, { a: "one", b: "TWO" });
});

test("a lost link is set again to the newest release, without the store", async () => {
  store.put("course", "a", "one");
  site.start();
  await untilServed(site, { a: "one" });
  await site.kill();
  fs.rmSync(link());
  offline();
  site.start();
  await untilServed(site, { a: "one" });
});

test("an open page finds what the release before had after a restart, too", async () => {
  store.put("course", "a.css", "one");
  site.start();
  await untilServed(site, { "a.css": "one" });
  store.delete("course", "a.css");
  store.put("course", "b.css", "two");
  await untilServed(site, { "b.css": "two" });
  await site.kill();
  site.start();
  await until(
    () => site.courseStatus(),
    ({ state }) => state === "current",
  );
  expect(site.served(".before/course")).toEqual({ "a.css": "one" });
  expect(site.output).not.toContain("link removed");
});

test("the canary's page stays over a restart", async () => {
  const canary = { seconds: 60, container: "canary" };
  site.configure({ canary });
  store.createContainer("canary");
  const at = ".well-known/canary";
  site.start();
  await until(
    () => Object.keys(site.served(at)),
    (names) => names.length === 1,
  );
  await site.kill();
  offline();
  site.start();
  await until(
    () => site.courseStatus("canary"),
    ({ state }) => state === "outage",
  );
  expect(Object.keys(site.served(at))).toEqual([`${hostname()}.txt`]);
});

test("half-built releases and other leftovers are removed at the start", async () => {
  store.put("course", "a", "one");
  site.start();
  await untilServed(site, { a: "one" });
  await site.kill();
  fs.mkdirSync(path.join(releasesOf(), "00000099-20260101T000000Z"));
  fs.mkdirSync(path.join(releasesOf(), ".staging-of-another-boot"));
  fs.writeFileSync(path.join(releasesOf(), "00000098-20260101T000000Z.json.new"), "{");
  site.start();
  await until(
    () => fs.readdirSync(releasesOf()),
    (names) => names.length === 4, // the release, its manifest and list, the staging folder
  );
  expect(site.served()).toEqual({ a: "one" });
});

test("what an earlier version of the publisher made is served until there is a release of this one", async () => {
  const old = path.join(releasesOf(), "00000007-20260101T000000Z");
  fs.mkdirSync(old, { recursive: true });
  fs.writeFileSync(path.join(old, "a"), "one");
  fs.writeFileSync(`${old}.json`, '{"version":1}');
  fs.symlinkSync(old, link());
  offline();
  site.start();
  await until(
    () => site.courseStatus(),
    ({ state }) => state === "outage",
  );
  expect(site.served()).toEqual({ a: "one" });

  store.put("course", "a", "one");
  store.put("course", "b", "two");
  online();
  await untilServed(site, { a: "one", b: "two" });
  await until(
    () => fs.existsSync(old),
    (exists) => !exists,
  );
});

test("what someone else put in the link's place is left alone, and said", async () => {
  store.put("course", "a", "one");
  fs.mkdirSync(link());
  fs.writeFileSync(path.join(link(), "mine"), "mine");
  site.start();
  const status = await until(
    () => site.courseStatus(),
    ({ state }) => state === "outage",
  );
  expect(status.lastError?.message).toContain("is in the way");
  expect(site.served()).toEqual({ mine: "mine" });
});

test("the link of a course that has another path now is removed", async () => {
  store.put("course", "a", "one");
  fs.symlinkSync("/elsewhere", path.join(site.webRoot, "not-ours"));
  site.start();
  await untilServed(site, { a: "one" });
  await site.kill();
  site.configure({ courses: [course({ path: "course/moved" })] });
  offline();
  site.start();
  await untilServed(site, { a: "one" }, { at: "course/moved" });
  expect(fs.lstatSync(link()).isDirectory()).toBe(true);
  expect(fs.readlinkSync(path.join(site.webRoot, "not-ours"))).toBe("/elsewhere");
});

test("a course may move to a folder above its own", async () => {
  const at = (path: string) => site.configure({ courses: [course({ path })] });
  at("python/basics");
  // What the release before has left there when its time was over.
  fs.mkdirSync(path.join(site.webRoot, ".before/python/basics"), { recursive: true });
  fs.mkdirSync(path.join(site.webRoot, "not-ours"));
  store.put("course", "a", "one");
  site.start();
  await untilServed(site, { a: "one" }, { at: "python/basics" });
  await site.kill();
  at("python");
  site.start();
  await untilServed(site, { a: "one" }, { at: "python" });
  store.put("course", "a", "two");
  await untilServed(site, { a: "two" }, { at: "python" });
  expect(site.served(".before/python")).toEqual({ a: "one" });
  expect(fs.readdirSync(path.join(site.webRoot, "not-ours"))).toEqual([]);
});

test("an end by SIGTERM is quick and clean", async () => {
  store.put("course", "a", "one");
  site.start();
  await untilServed(site, { a: "one" });
  store.fault = () => "hang";
  await sleep(200);
  const began = Date.now();
  expect(await site.kill("SIGTERM")).toBe(0);
  expect(Date.now() - began).toBeLessThan(2_000);
});

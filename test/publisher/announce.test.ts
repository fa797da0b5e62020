import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SwiftDouble } from "../support/swiftDouble";
import { course, Site, until, untilServed } from "./site";

// A container whose listing takes long is not listed for each announced object.
const LISTING_MS = 1_500;

let store: SwiftDouble;
let site: Site;

beforeEach(async () => {
  store = await new SwiftDouble().start();
  store.listingMs = LISTING_MS;
  site = new Site(store.credentials, { courses: [course({ source: "html" })] });
  store.put("course", "html/a", "one");
  store.put("course", "html/dir/b", "one");
  site.start();
  await untilServed(site, { a: "one", "dir/b": "one" });
});
afterEach(async () => {
  await site.remove();
  await store.stop();
});

const listings = () => store.requests.filter(({ method, object }) => method === "GET" && object === undefined).length;
const announce = (object: string) => site.run("announce", "course", object);

test("an announced object is on the site before any listing could show it, and is read once", async () => {
  const listed = listings();
  store.put("course", "html/a", "two");
  store.put("course", "html/dir/new", "new");
  await Promise.all([announce("html/a"), announce("html/dir/new")]);
  await untilServed(site, { a: "two", "dir/b": "one", "dir/new": "new" }, { limitMs: LISTING_MS });
  // At most the one that was under way.
  expect(listings() - listed).toBeLessThanOrEqual(1);
  const reads = store.reads.length;
  await until(listings, (count) => count > listed + 2, 5 * LISTING_MS);
  expect(site.served()).toEqual({ a: "two", "dir/b": "one", "dir/new": "new" });
  expect(store.reads.length).toBe(reads);
});

test("one that changes before it is read is asked for again", async () => {
  let changes = 2;
  store.fault = ({ method, object }) => {
    if (method === "GET" && object === "html/a" && changes > 0) store.put("course", "html/a", `version ${--changes}`);
    return undefined;
  };
  store.put("course", "html/a", "two");
  await announce("html/a");
  await untilServed(site, { a: "version 0", "dir/b": "one" }, { limitMs: 2 * LISTING_MS });
});

test("a listing that was begun before does not take it back", async () => {
  // Changes the sums of the container: a listing begins.
  store.put("course", "html/c", "one!");
  const listed = listings();
  await until(listings, (count) => count > listed);
  store.put("course", "html/a", "two");
  await announce("html/a");
  await untilServed(site, { a: "two", "dir/b": "one", c: "one!" }, { limitMs: 3 * LISTING_MS });
  const end = Date.now() + 2 * LISTING_MS;
  while (Date.now() < end) {
    expect(site.served().a).toBe("two");
    await sleep(20);
  }
});

test("an announced object that is deleted before any listing has shown it does not stay", async () => {
  const listed = listings();
  await until(listings, (count) => count > listed);
  store.put("course", "html/short", "lived");
  await announce("html/short");
  await untilServed(site, { a: "one", "dir/b": "one", short: "lived" }, { limitMs: LISTING_MS });
  store.delete("course", "html/short");
  // The next listing is the very one that the site followed before.
  await untilServed(site, { a: "one", "dir/b": "one" }, { limitMs: 8 * LISTING_MS });
});

test("nor does one that is published and deleted during a listing", async () => {
  // Changes the sums of the container: a listing begins, and ends with what it began with.
  store.put("course", "html/c", "one!");
  const listed = listings();
  await until(listings, (count) => count > listed);
  store.put("course", "html/short", "lived");
  await announce("html/short");
  await until(
    () => site.served().short,
    (text) => text === "lived",
  );
  store.delete("course", "html/short");
  await untilServed(site, { a: "one", "dir/b": "one", c: "one!" }, { limitMs: 8 * LISTING_MS });
});

test("what is not there, not of this course or not a file is left to the listing", async () => {
  for (const name of ["html/none", "elsewhere", "html/dir", "html/a/b", "html/../x"]) await announce(name);
  store.put("course", "html/a", "two");
  await announce("html/a");
  await untilServed(site, { a: "two", "dir/b": "one" }, { limitMs: LISTING_MS });
  expect((await site.courseStatus()).state).toBe("current");
});

test("announced at once, a file and a folder of one name do not get in each other's way", async () => {
  // Until this listing has ended, what is announced waits, and so comes together.
  store.put("course", "html/c", "one!");
  const listed = listings();
  await until(listings, (count) => count > listed);
  store.put("course", "html/x", "file");
  store.put("course", "html/x/y", "in a folder");
  await Promise.all([announce("html/x"), announce("html/x/y")]);
  const files = { a: "one", "dir/b": "one", c: "one!", "x/y": "in a folder" };
  await untilServed(site, files, { limitMs: 5 * LISTING_MS });
  expect((await site.courseStatus()).lastError).toBeNull();
});

test("an announced object that can't be asked for does not keep the listing away", async () => {
  store.fault = ({ object }) => (object === "html/broken" ? 503 : undefined);
  await announce("html/broken");
  await until(
    () => site.courseStatus(),
    ({ state }) => state === "outage",
  );
  store.put("course", "html/a", "two");
  await untilServed(site, { a: "two", "dir/b": "one" }, { limitMs: 6 * LISTING_MS });
  store.fault = () => undefined;
  await until(
    () => site.courseStatus(),
    ({ state }) => state === "current",
  );
});

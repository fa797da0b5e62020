import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Fault, StoreRequest } from "../support/faults";
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

test("only what changed is read, once", async () => {
  for (let i = 0; i < 50; i++) store.put("course", `page-${i}.html`, `page ${i}`);
  site.start();
  await until(
    () => Object.keys(site.served()).length,
    (count) => count === 50,
  );
  store.requests.length = 0;
  store.put("course", "page-7.html", "PAGE 7");
  await until(
    () => site.served()["page-7.html"],
    (content) => content === "PAGE 7",
  );
  expect(store.reads.map(({ object }) => object)).toEqual(["page-7.html"]);
});

test("an object that changes between listing and reading is published in its new version only", async () => {
  store.put("course", "a", "a1");
  store.put("course", "b", "b1");
  site.start();
  await untilServed(site, { a: "a1", b: "b1" });
  const seen = new Set<string>();
  let changes = 0;
  store.onListed = () => {
    // Whatever the publisher has just been told of `b`, it will find another.
    if (changes < 3) store.put("course", "b", `b${3 + changes++}`);
  };
  store.put("course", "b", "b2");
  store.put("course", "a", "a2");
  await until(
    () => site.served(),
    (files) => {
      seen.add(JSON.stringify(files));
      return files.b === "b5";
    },
  );
  expect(seen).toEqual(new Set(['{"a":"a1","b":"b1"}', '{"a":"a2","b":"b5"}']));
  expect((await site.courseStatus()).lastError).toBeNull();
});

test("an object that is gone when it is read", async () => {
  store.put("course", "a", "1");
  store.put("course", "b", "1");
  store.onListed = () => store.delete("course", "b");
  site.start();
  await untilServed(site, { a: "1" });
});

test("a large object whose segments are gone is no outage, and is named", async () => {
  store.put("course", "a", "1");
  site.start();
  await untilServed(site, { a: "1" });
  store.put("course", "movie", "", { dynamic: "no-such-container/movie/" });
  const { lastError } = await until(
    () => site.courseStatus(),
    ({ state, lastError }) => state === "publishing" && lastError !== null,
  );
  expect(lastError?.message).toBe("1 objects do not come as the store lists them, movie first; listing again");
  expect(site.output).not.toContain("outage");
  store.delete("course", "movie");
  store.put("course", "a", "2");
  await untilServed(site, { a: "2" });
});

test("an expired token", async () => {
  store.put("course", "a", "1");
  site.start();
  await untilServed(site, { a: "1" });
  store.expireTokens();
  store.put("course", "a", "2");
  await untilServed(site, { a: "2" });
  expect(site.output).not.toContain("outage");
});

test("a course that fails or hangs does not delay another", async () => {
  store.put("good", "a", "1");
  store.put("bad", "a", "1");
  store.fault = ({ container }) => (container === "bad" ? "hang" : undefined);
  const courses = ["bad", "good"].map((name) => course({ name, container: name, path: name }));
  site.configure({ courses });
  site.start();
  await untilServed(site, { a: "1" }, { at: "good" });
  store.put("good", "a", "2");
  await untilServed(site, { a: "2" }, { at: "good" });
  expect(site.served("bad")).toEqual({});
});

const isListing = ({ container, object }: StoreRequest) => container === "course" && object === undefined;

describe("anything but a complete, valid listing is an outage, and the site stays", () => {
  const outages: [string, Fault][] = [
    ["503", 503],
    ["500", 500],
    ["401 whatever the token", 401],
    ["403", 403],
    ["404", 404],
    ["204", 204],
    ["200 with a page of HTML", "html"],
    ["200 with nothing", { body: "" }],
    ["200 with JSON that is no listing", { body: '{"error":"maintenance"}' }],
    ["200 with rows that are no objects", { body: '[{"name":"a"}]' }],
    ["200 with rows of another kind", { body: '[{"subdir":"a/"}]' }],
    ["a body cut off", "truncate"],
    ["a connection reset", "reset"],
  ];

  async function survives(fault: Fault): Promise<void> {
    const before = site.output.length;
    store.fault = (request) => (isListing(request) ? fault : undefined);
    // A listing that was answered before may still be on its way to the site.
    await sleep(fault === "hang" ? 600 : 200);
    store.put("course", "a", "2");
    store.delete("course", "b");
    await until(
      () => site.courseStatus(),
      ({ state }) => state === "outage",
      15_000,
    );
    expect(site.served()).toEqual({ a: "1", b: "1" });
    store.fault = () => undefined;
    await untilServed(site, { a: "2" }, { limitMs: 15_000 });
    const { lastError } = await until(
      () => site.courseStatus(),
      ({ state }) => state === "current",
    );
    expect(lastError).not.toBeNull();
    const said = site.output.slice(before);
    expect(said.match(/outage, the site stays/g)).toHaveLength(1);
    expect(said.match(/the outage is over/g)).toHaveLength(1);
    expect(said).not.toMatch(/secret|token-\d/);
  }

  test.each(outages)("%s", async (_name, fault) => {
    store.put("course", "a", "1");
    store.put("course", "b", "1");
    site.start();
    await untilServed(site, { a: "1", b: "1" });
    await survives(fault);
  });

  test("no answer at all, for the 10 s that a request may take", async () => {
    // Polled slowly, so that the store has healed when the next request comes.
    site.configure({ pollSeconds: 0.5 });
    store.put("course", "a", "1");
    store.put("course", "b", "1");
    site.start();
    await untilServed(site, { a: "1", b: "1" });
    await survives("hang");
  });

  test("on a later page of a listing", async () => {
    // 10,001 objects of no content: a listing of two pages.
    for (let i = 0; i <= 10_000; i++) store.put("course", `${i}/`, "", { contentType: "application/directory" });
    store.put("course", "a", "1");
    store.put("course", "z", "1");
    site.start();
    await untilServed(site, { a: "1", z: "1" });
    store.fault = (request) => (isListing(request) && request.query.get("marker") !== "" ? "truncate" : undefined);
    await until(
      () => site.courseStatus(),
      ({ state }) => state === "outage",
    );
    expect(site.served()).toEqual({ a: "1", z: "1" });
  });
});

describe("reading fails", () => {
  const faults: [string, Fault][] = [
    ["503", 503],
    ["a body cut off", "truncate"],
    ["a connection reset", "reset"],
    ["200 with a page of HTML", "html"],
    ["200 with other bytes", { body: "other" }],
  ];
  test.each(faults)("%s: nothing of it is published, and all of it afterwards", async (_name, fault) => {
    store.put("course", "a", "a1");
    site.start();
    await untilServed(site, { a: "a1" });
    store.fault = ({ object }) => (object === "b" ? fault : undefined);
    store.put("course", "a", "a2");
    store.put("course", "b", "b2");
    await until(
      () => store.reads.filter(({ object }) => object === "b").length,
      (tries) => tries > 3,
    );
    expect(site.served()).toEqual({ a: "a1" });
    store.fault = () => undefined;
    await untilServed(site, { a: "a2", b: "b2" });
  });

  test("one request in ten fails: published all the same", async () => {
    let count = 0;
    store.fault = () => (++count % 10 === 0 ? 503 : undefined);
    for (let i = 0; i < 100; i++) store.put("course", `f${i}`, `content ${i}`);
    site.start();
    await until(
      () => Object.keys(site.served()).length,
      (count) => count === 100,
    );
    // Nothing that had come was asked for again, but for the failures.
    expect(store.reads.length).toBeLessThan(115);
  });
});

test("wrong credentials: said as such, and the key is not", async () => {
  store.authFault = () => 401;
  site.start();
  const status = await until(
    () => site.courseStatus(),
    ({ state }) => state === "outage",
  );
  expect(status.lastError?.message).toMatch(/^127\.0\.0\.1:\d+ refused the user name or the api key \(401 from http/);
  expect(fs.existsSync(path.join(site.webRoot, "course"))).toBe(false);
});

test("an empty container: waiting, nothing published", async () => {
  store.createContainer("course");
  site.start();
  await until(
    () => site.courseStatus(),
    ({ lastListing }) => lastListing !== null,
  );
  expect(await site.courseStatus()).toMatchObject({ state: "waiting", files: 0, lastPublication: null });
});

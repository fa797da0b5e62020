import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

describe("what is in the store is on the site", () => {
  test("added, overwritten with the same size, renamed, deleted", async () => {
    store.put("course", "index.html", "one");
    store.put("course", "img/a.png", "picture");
    site.start();
    await untilServed(site, { "index.html": "one", "img/a.png": "picture" });

    store.put("course", "index.html", "two");
    await untilServed(site, { "index.html": "two", "img/a.png": "picture" });

    store.put("course", "img/b.png", "picture");
    store.delete("course", "img/a.png");
    await untilServed(site, { "index.html": "two", "img/b.png": "picture" });

    store.delete("course", "img/b.png");
    await untilServed(site, { "index.html": "two" });
    expect(fs.readdirSync(path.join(site.webRoot, "course"))).toEqual(["index.html"]);

    const status = await site.courseStatus();
    expect(status).toMatchObject({
      state: "current",
      files: 1,
      bytes: 3,
      heldDeletions: 0,
      skipped: [],
      lastError: null,
    });
    expect(status.lastPublication).toMatchObject({ added: 0, changed: 0, deleted: 1 });
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

  test("a changed file is a new file: the release before keeps its own", async () => {
    store.put("course", "a", "old");
    store.put("course", "b", "same");
    site.start();
    await untilServed(site, { a: "old", b: "same" });
    const before = fs.realpathSync(path.join(site.webRoot, "course"));
    store.put("course", "a", "new");
    await untilServed(site, { a: "new", b: "same" });
    const after = fs.realpathSync(path.join(site.webRoot, "course"));
    expect(fs.readFileSync(path.join(before, "a"), "utf8")).toBe("old");
    expect(fs.statSync(path.join(before, "b")).ino).toBe(fs.statSync(path.join(after, "b")).ino);
  });

  test("modes, and times that tell a browser of each version", async () => {
    store.put("course", "dir/page", "one", { modified: "2024-05-06T07:08:09.500000" });
    site.start();
    await untilServed(site, { "dir/page": "one" });
    const page = path.join(site.webRoot, "course/dir/page");
    expect(fs.statSync(page).mode & 0o777).toBe(0o644);
    expect(fs.statSync(path.dirname(page)).mode & 0o777).toBe(0o755);
    expect(fs.statSync(page).mtimeMs).toBe(Date.parse("2024-05-06T07:08:09.500Z"));
    store.put("course", "dir/page", "two", { modified: "2024-05-06T07:08:09.900000" });
    await untilServed(site, { "dir/page": "two" });
    expect(Math.floor(fs.statSync(page).mtimeMs / 1000)).toBe(Date.parse("2024-05-06T07:08:10Z") / 1000);
  });

  test("keeps as many releases as configured", async () => {
    for (let i = 0; i < 6; i++) {
      store.put("course", "a", `version ${i}`);
      if (i === 0) site.start();
      await untilServed(site, { a: `version ${i}` });
    }
    const releases = () => fs.readdirSync(path.join(site.releasesDir, "course")).filter((name) => /^\d/.test(name));
    expect(await until(releases, (names) => names.length === 6)).toHaveLength(6); // three folders, three manifests
  });

  test("of a container, the folder `source`; several courses; a path with folders", async () => {
    store.put("one", "one_html/index.html", "one");
    store.put("one", "elsewhere.txt", "not this");
    store.put("two", "index.html", "two");
    const one = course({ name: "one", container: "one", source: "one_html", path: "books/one" });
    site.configure({ courses: [one, course({ name: "two", container: "two", path: "two" })] });
    site.start();
    await untilServed(site, { "index.html": "one" }, "books/one");
    await untilServed(site, { "index.html": "two" }, "two");
  });

  test("a course that fails or hangs does not delay another", async () => {
    store.put("good", "a", "1");
    store.put("bad", "a", "1");
    store.fault = ({ container }) => (container === "bad" ? "hang" : undefined);
    site.configure({
      courses: [
        course({ name: "bad", container: "bad", path: "bad" }),
        course({ name: "good", container: "good", path: "good" }),
      ],
    });
    site.start();
    await untilServed(site, { a: "1" }, "good");
    store.put("good", "a", "2");
    await untilServed(site, { a: "2" }, "good");
    expect(site.served("bad")).toEqual({});
  });
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

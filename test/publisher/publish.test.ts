import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compressedForms } from "../support/compressedForms";
import { course, Site, until, untilServed } from "./site";
import { stores, type TestStore } from "./stores";

describe.each(stores)("what is in %s is on the site", (_name, open) => {
  let store: TestStore;
  let site: Site;

  beforeEach(async (context) => {
    const opened = await open();
    if (opened === undefined) return context.skip("it does not run");
    store = opened;
    site = new Site(store.credentials, { courses: [course({ container: store.container("course") })] });
  });

  afterEach(async () => {
    await site?.remove();
    await store?.close();
  });

  test("added, overwritten with the same size, renamed, deleted", async () => {
    await store.put("course", "index.html", "one");
    await store.put("course", "img/a.png", "picture");
    site.start();
    await untilServed(site, { "index.html": "one", "img/a.png": "picture" });

    await store.put("course", "index.html", "two");
    await untilServed(site, { "index.html": "two", "img/a.png": "picture" });

    await store.put("course", "img/b.png", "picture");
    await store.delete("course", "img/a.png");
    await untilServed(site, { "index.html": "two", "img/b.png": "picture" });

    await store.delete("course", "img/b.png");
    await untilServed(site, { "index.html": "two" });
    expect(fs.readdirSync(path.join(site.webRoot, "course"))).toEqual(["index.html"]);

    const status = await until(
      () => site.courseStatus(),
      ({ state, files }) => state === "current" && files === 1,
    );
    expect(status).toMatchObject({ bytes: 3, heldDeletions: 0, skipped: [], lastError: null });
    expect(status.lastPublication).toMatchObject({ added: 0, changed: 0, deleted: 1 });
  });

  test("a changed file is a new file: the release before keeps its own", async () => {
    await store.put("course", "a", "old");
    await store.put("course", "b", "same");
    site.start();
    await untilServed(site, { a: "old", b: "same" });
    const before = fs.realpathSync(path.join(site.webRoot, "course"));
    await store.put("course", "a", "new");
    await untilServed(site, { a: "new", b: "same" });
    const after = fs.realpathSync(path.join(site.webRoot, "course"));
    expect(fs.readFileSync(path.join(before, "a"), "utf8")).toBe("old");
    expect(fs.statSync(path.join(before, "b")).ino).toBe(fs.statSync(path.join(after, "b")).ino);
  });

  test("texts have compressed forms of the same version, whatever an author has stored beside them", async () => {
    const text = (version: number) => `version ${version} of a page `.repeat(200);
    const own = { "dir/page.html.gz": "the author's own", "dir/p.png": text(0), "dir/small.css": "p {}" };
    for (const [name, content] of Object.entries(own)) await store.put("course", name, content);
    await store.put("course", "dir/.compressed/br/page.html", "not a form of it");
    site.start();
    for (const version of [1, 2, 3]) {
      await store.put("course", "dir/page.html", text(version));
      await untilServed(site, { ...own, "dir/page.html": text(version) });
      expect(compressedForms(path.join(site.webRoot, "course/dir"))).toEqual(["br/page.html", "gzip/page.html"]);
    }
    const { skipped } = await site.courseStatus();
    expect(skipped.map(({ name }) => name)).toEqual(["dir/.compressed/br/page.html"]);
    const forms = path.join(site.webRoot, "course/dir/.compressed/br");
    expect(fs.statSync(forms).mode & 0o777).toBe(0o755);
    expect(fs.statSync(path.join(forms, "page.html")).mode & 0o777).toBe(0o644);
  });

  test("files are for everyone to read, and new versions have new times", async () => {
    await store.put("course", "dir/page", "one");
    site.start();
    await untilServed(site, { "dir/page": "one" });
    const page = path.join(site.webRoot, "course/dir/page");
    const before = fs.statSync(page);
    expect(before.mode & 0o777).toBe(0o644);
    expect(fs.statSync(path.dirname(page)).mode & 0o777).toBe(0o755);
    // In the same second and of the same size: nginx's ETag must differ all the same.
    await store.put("course", "dir/page", "two");
    await untilServed(site, { "dir/page": "two" });
    expect(Math.floor(fs.statSync(page).mtimeMs / 1000)).toBeGreaterThan(Math.floor(before.mtimeMs / 1000));
  });

  test("keeps as many releases as configured", async () => {
    for (let i = 0; i < 6; i++) {
      await store.put("course", "a", `version ${i}`);
      if (i === 0) site.start();
      await untilServed(site, { a: `version ${i}` });
    }
    const releases = () => fs.readdirSync(path.join(site.releasesDir, "course")).filter((name) => /^\d/.test(name));
    await until(releases, (names) => names.length === 7); // three folders, three manifests, one list
  });

  test("of a container, the folder `source`; several courses; a path with folders", async () => {
    await store.put("one", "one_html/index.html", "one");
    await store.put("one", "elsewhere.txt", "not this");
    await store.put("two", "index.html", "two");
    site.configure({
      courses: [
        course({ name: "one", container: store.container("one"), source: "one_html", path: "books/one" }),
        course({ name: "two", container: store.container("two"), path: "two" }),
      ],
    });
    site.start();
    await untilServed(site, { "index.html": "one" }, { at: "books/one" });
    await untilServed(site, { "index.html": "two" }, { at: "two" });
  });

  test("a static large object", async () => {
    await store.put("segments", "1", "first, ");
    await store.put("segments", "2", "second");
    await store.putStatic("course", "large", ["segments/1", "segments/2"]);
    site.start();
    await untilServed(site, { large: "first, second" });
    await store.put("segments", "2b", "SECOND");
    await store.putStatic("course", "large", ["segments/1", "segments/2b"]);
    await untilServed(site, { large: "first, SECOND" });
  });

  test("static large objects within one", async () => {
    for (const part of ["1", "2", "3"]) await store.put("segments", part, `part ${part}. `);
    await store.putStatic("segments", "inner", ["segments/1", "segments/2"]);
    await store.putStatic("course", "outer", ["segments/inner", "segments/3"]);
    site.start();
    await untilServed(site, { outer: "part 1. part 2. part 3. " });
  });

  test("a dynamic large object, and a change of its segments that no listing of the course shows", async () => {
    await store.put("segments", "movie/1", "first, ");
    await store.put("segments", "movie/2", "second");
    await store.put("course", "movie", "", { "X-Object-Manifest": `${store.container("segments")}/movie/` });
    await store.put("course", "empty", "");
    site.start();
    await untilServed(site, { movie: "first, second", empty: "" });
    await store.put("segments", "movie/2", "SECOND");
    await untilServed(site, { movie: "first, SECOND", empty: "" }, { limitMs: 15_000 });
  });

  test("names in Korean, composed and decomposed, and with characters that mean something elsewhere", async () => {
    const files = Object.fromEntries(
      [
        "한글.html".normalize("NFC"),
        "한글.html".normalize("NFD"),
        'a b&<>"%?#+;.html',
        "%2e%2e",
        ".hidden",
        "-rf",
        "a -> b",
        "ends with a dot.",
      ].map((name) => [name, `this is ${name}`]),
    );
    for (const [name, content] of Object.entries(files)) await store.put("course", name, content);
    site.start();
    await untilServed(site, files);
  });
});

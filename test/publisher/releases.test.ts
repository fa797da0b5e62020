import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compress, isCompressible } from "../../provisioning/publisher/src/compressed";
import type { Staged } from "../../provisioning/publisher/src/fetcher";
import { editBetween, type Files } from "../../provisioning/publisher/src/files";
import { type Release, Releases } from "../../provisioning/publisher/src/releases";
import { compressedForms } from "../support/compressedForms";

let dir: string;
let link: string;
let before: string;
let releases: Releases;
let current: Release | undefined;

beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "releases-"));
  link = path.join(dir, "html", "course");
  before = path.join(dir, "html", ".before", "course");
  releases = open();
  current = await releases.open();
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const open = () => new Releases(path.join(dir, "releases"), { now: link, before }, 2);

/** Publishes these texts; those that were published before are not staged again. */
async function publish(texts: Record<string, string>): Promise<Release> {
  const files: Files = new Map();
  const staged = new Map<string, Staged>();
  for (const [name, text] of Object.entries(texts)) {
    const before = current?.files.get(name);
    const version = { name, hash: text, bytes: text.length, lastModified: "2026-01-01T00:00:00.000000" };
    files.set(name, before?.hash === text ? before : version);
    if (before?.hash === text) continue;
    const file = path.join(releases.staging, String(staged.size));
    fs.writeFileSync(file, text);
    if (isCompressible(version)) await compress(file, file);
    staged.set(name, { version, file });
  }
  current = await releases.publish(current, editBetween(current?.files ?? new Map(), files), staged);
  await releases.tidy(current);
  return current;
}

const read = (name: string) => fs.readFileSync(path.join(link, name), "utf8");
const folders = () =>
  fs
    .readdirSync(path.join(dir, "releases"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .flatMap(({ name }) => fs.readdirSync(path.join(dir, "releases", name)).map((number) => `${name}/${number}`));

test("a release makes anew only the folders on the way to what has changed", async () => {
  const texts = { "index.html": "1", "a/page": "1", "a/deep/page": "1", "b/page": "1", "b/deep/page": "1" };
  const first = await publish(texts);
  const second = await publish({ ...texts, "b/deep/page": "2" });
  expect([...second.folders].filter(([, place]) => place.startsWith(first.id)).map(([name]) => name)).toEqual([
    "a",
    "a/deep",
  ]);
  expect(["index.html", "a/page", "a/deep/page", "b/page", "b/deep/page"].map(read)).toEqual(["1", "1", "1", "1", "2"]);
  expect(fs.readFileSync(path.join(dir, "releases", first.id, "0", "b/deep/page"), "utf8")).toBe("1");
});

test("folders stay as long as a release that is kept shares them, and go with the last one", async () => {
  const first = await publish({ "a/page": "1", "b/page": "1" });
  for (const text of ["2", "3", "4"]) await publish({ "a/page": "1", "b/page": text });
  expect(read("a/page")).toBe("1");
  // Of the first release only `a` is left: its top and `b` went with it.
  expect(folders().filter((place) => place.startsWith(first.id))).toEqual([current?.folders.get("a")]);
  await publish({ "b/page": "5" });
  await publish({ "b/page": "6" });
  expect(folders().filter((place) => place.startsWith(first.id))).toEqual([]);
  expect(fs.existsSync(path.join(dir, "releases", first.id))).toBe(false);
});

test("a folder becomes a file, a file becomes a folder, a folder is emptied", async () => {
  await publish({ a: "file", "b/page": "1", "c/page": "1", "c/deep/page": "1" });
  await publish({ "a/page": "folder", b: "file", "c/page": "1" });
  expect([read("a/page"), read("b"), read("c/page")]).toEqual(["folder", "file", "1"]);
  expect(fs.existsSync(path.join(link, "c/deep"))).toBe(false);
});

test("one that was shared is known again after a restart, with its manifest and without", async () => {
  await publish({ "a/page": "1", "b/page": "1" });
  const last = await publish({ "a/page": "1", "b/page": "2" });
  const again = open();
  expect(await again.open()).toEqual(last);
  fs.rmSync(path.join(dir, "releases", `${last.id}.json`));
  const learnt = await open().open();
  expect(learnt?.folders).toEqual(last.folders);
  expect([...(learnt?.files.keys() ?? [])].sort()).toEqual(["a/page", "b/page"]);
});

test("its manifest has a row for what has changed, until that is much: then it gets a list of its own", async () => {
  const texts: Record<string, string> = { gone: "1" };
  for (let i = 0; i < 1_000; i++) texts[`f${i}`] = "1";
  const names = () => fs.readdirSync(path.join(dir, "releases")).filter((name) => name.endsWith(".files"));
  const rows = (id: string) =>
    fs
      .readFileSync(path.join(dir, "releases", `${id}.json`), "utf8")
      .split("\n")
      .slice(1, -1);
  const first = await publish(texts);
  delete texts.gone;
  const second = await publish({ ...texts, f1: "2" });
  expect(rows(second.id)).toEqual(['["f1","2",1,"2026-01-01T00:00:00.000000"]', '["gone"]']);
  expect(names()).toEqual([`${first.id}.files`]);
  for (const name of Object.keys(texts)) texts[name] = "3";
  const third = await publish(texts);
  expect(rows(third.id)).toEqual([]);
  releases = open();
  current = await releases.open();
  expect(current).toEqual(third);
  await publish({ ...texts, f1: "4" });
  expect(names()).toEqual([`${third.id}.files`]);
});

test("what is found to be missing and is then deleted does not come back with a restart", async () => {
  await publish({ a: "1", b: "1" });
  fs.rmSync(path.join(link, "b"));
  releases = open();
  current = await releases.open();
  expect([...(current?.files.keys() ?? [])]).toEqual(["a"]);
  const last = await publish({ a: "2" });
  expect(await open().open()).toEqual(last);
});

test("an open page finds what the release before had, for a while", async () => {
  await publish({ "index.html": "1", "old.css": "1" });
  await publish({ "index.html": "2", "new.css": "2" });
  expect(fs.readdirSync(link).sort()).toEqual(["index.html", "new.css"]);
  expect(fs.readdirSync(before).sort()).toEqual(["index.html", "old.css"]);
  releases.forgetBefore();
  expect(fs.existsSync(before)).toBe(false);
});

test("an older release can be shown, and the newest stays the one to go on from", async () => {
  const first = await publish({ "index.html": "1" });
  const second = await publish({ "index.html": "2" });
  expect(releases.kept).toEqual([first.id, second.id]);
  releases.show(first.id);
  expect(read("index.html")).toBe("1");
  expect((await open().open(first.id))?.id).toBe(second.id);
  expect(read("index.html")).toBe("1");
});

test("a large folder of a former release is used again, and is up to date", async () => {
  const texts: Record<string, string> = {};
  for (let i = 0; i < 1_200; i++) texts[`big/f${i}`] = "1";
  Object.assign(texts, { "big/sub/page": "1", "other/page": "1" });
  const placeOf = (release: Release) => fs.statSync(path.join(dir, "releases", String(release.folders.get("big")))).ino;
  const shown = () => {
    const root = path.join(link, "big");
    const names = fs.readdirSync(root).filter((name) => name !== "sub" && name !== "new");
    return Object.fromEntries([
      ...names.map((name) => [`big/${name}`, read(`big/${name}`)]),
      ...["big/sub/page", "big/new/page"].filter((name) => name in texts).map((name) => [name, read(name)]),
    ]);
  };
  const expected = () => Object.fromEntries(Object.entries(texts).filter(([name]) => name.startsWith("big/")));

  const first = await publish(texts);
  const place = placeOf(first);
  texts["big/f1"] = "2";
  delete texts["big/f2"];
  await publish(texts);
  texts["big/f3"] = "3";
  texts["big/added"] = "3";
  // The first one is not kept any more.
  await publish(texts);
  texts["other/page"] = "4";
  delete texts["big/sub/page"];
  texts["big/new/page"] = "4";
  texts["big/f1"] = "4";
  const fourth = await publish(texts);
  expect(placeOf(fourth)).toBe(place);
  expect(shown()).toEqual(expected());
  // After a restart, too, it is known what has changed since.
  releases = open();
  current = await releases.open();
  expect(fs.readdirSync(path.join(dir, "releases", ".spares"))).toEqual([]);
  for (const text of ["5", "6", "7"]) {
    texts["big/f5"] = text;
    await publish(texts);
    expect(shown()).toEqual(expected());
  }
});

test("one that someone has put something into is not used", async () => {
  const texts: Record<string, string> = {};
  for (let i = 0; i < 1_000; i++) texts[`big/f${i}`] = "1";
  for (const text of ["1", "2", "3"]) await publish({ ...texts, "big/f0": text });
  const [spare] = fs.readdirSync(path.join(dir, "releases", ".spares"));
  fs.rmSync(path.join(dir, "releases", ".spares", String(spare), "f9"));
  await expect(publish({ ...texts, "big/f0": "4" })).rejects.toThrow("it is made anew");
  await publish({ ...texts, "big/f0": "4" });
  expect([read("big/f0"), read("big/f9")]).toEqual(["4", "1"]);
});

test("a slow disk gives signs of life", async () => {
  let signs = 0;
  releases = new Releases(path.join(dir, "releases"), { now: link, before }, 2, () => signs++);
  current = await releases.open();
  const bin = path.join(dir, "bin");
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(bin, "sync"), "#!/bin/sh\nsleep 2.5\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
  await publish({ a: "1" }).finally(() => vi.unstubAllEnvs());
  expect(signs).toBeGreaterThanOrEqual(2);
});

test("former releases give way where the disk has no room", async () => {
  await publish({ a: "1" });
  await publish({ a: "2" });
  await releases.makeRoom(1);
  expect(releases.kept).toHaveLength(2);
  await expect(releases.makeRoom(2 ** 60)).rejects.toMatchObject({ code: "ENOSPC" });
  expect(releases.kept).toEqual([current?.id]);
  expect(read("a")).toBe("2");
});

/** A text that is worth compressing. */
const long = (text: string) => `${text} `.repeat(2_000);
const forms = (folder: string) => compressedForms(path.join(link, folder));
const inode = (name: string) => fs.statSync(path.join(link, name)).ino;

test("compressed forms lie beside their files, are shared and linked as they are, and go with them", async () => {
  const texts = { "a/page.html": long("1"), "a/small.html": "1", "a/p.png": long("1"), "b/style.css": long("1") };
  const first = await publish(texts);
  expect([forms(""), forms("a"), forms("b")]).toEqual([
    [],
    ["br/page.html", "gzip/page.html"],
    ["br/style.css", "gzip/style.css"],
  ]);
  const before = inode("a/.compressed/br/page.html");
  await publish({ ...texts, "a/small.html": "2" });
  // The folder is another one, its forms are the same.
  expect(forms("a")).toEqual(["br/page.html", "gzip/page.html"]);
  expect(inode("a/.compressed/br/page.html")).toBe(before);
  expect(current?.folders.get("b")).toBe(first.folders.get("b"));
  await publish({ ...texts, "a/page.html": long("3") });
  expect(forms("a")).toEqual(["br/page.html", "gzip/page.html"]);
  await publish({ ...texts, "a/page.html": "short" });
  expect(forms("a")).toEqual([]);
});

test("a new version is a second younger at least, for its compressed form may have the size of the last one's", async () => {
  const timeOf = () => fs.statSync(path.join(link, "page.html")).mtimeMs;
  await publish({ "page.html": long("1") });
  const first = timeOf();
  await publish({ "page.html": `${long("2")}and more` });
  expect(timeOf()).toBe(first + 1_000);
  expect(forms("")).toEqual(["br/page.html", "gzip/page.html"]);
});

test("of a large folder that is used again, no compressed form is left from before", async () => {
  const texts: Record<string, string> = { "big/sub/page.html": long("1") };
  for (let i = 0; i < 1_000; i++) texts[`big/f${i}.html`] = i < 5 ? long("1") : "1";
  const place = (release: Release) => fs.statSync(path.join(dir, "releases", String(release.folders.get("big")))).ino;
  const first = place(await publish(texts));
  texts["big/f0.html"] = long("2");
  delete texts["big/f1.html"];
  await publish(texts);
  texts["big/f2.html"] = "short now";
  texts["big/f9.html"] = long("3");
  await publish(texts);
  texts["big/f3.html"] = long("4");
  expect(place(await publish(texts))).toBe(first);
  const expected = ["f0", "f3", "f4", "f9"];
  expect(forms("big")).toEqual(
    ["br", "gzip"].flatMap((encoding) => expected.map((name) => `${encoding}/${name}.html`)),
  );
});

test("a compressed form that is missing is no damage, and is no file", async () => {
  const texts = { "page.html": long("1"), "other.html": long("1") };
  await publish(texts);
  fs.rmSync(path.join(link, ".compressed/br/page.html"));
  await publish({ ...texts, new: "2" });
  expect(forms("")).toEqual(["br/other.html", "gzip/other.html", "gzip/page.html"]);
  fs.rmSync(path.join(link, ".compressed"), { recursive: true });
  releases = open();
  current = await releases.open();
  await publish({ ...texts, new: "3" });
  expect([forms(""), read("page.html")]).toEqual([[], long("1")]);
});

test("a release whose manifest is lost has the files that it had, without their compressed forms", async () => {
  const last = await publish({ "page.html": long("1") });
  fs.rmSync(path.join(dir, "releases", `${last.id}.json`));
  releases = open();
  current = await releases.open();
  expect([...(current?.files.keys() ?? [])]).toEqual(["page.html"]);
  expect(forms("")).toEqual(["br/page.html", "gzip/page.html"]);
});

test("what comes back from quarantine has its compressed forms, what goes for good leaves none", async () => {
  const { files } = await publish({ "page.html": long("1"), stays: "1" });
  const version = files.get("page.html");
  if (current === undefined || version === undefined) throw new Error("nothing is published");
  releases.quarantineAll(current, [version]);
  await publish({ stays: "1" });
  current = await releases.publish(current, { put: [version], removed: [] }, new Map());
  expect(forms("")).toEqual(["br/page.html", "gzip/page.html"]);
  releases.quarantine.keepOnly([]);
  const left = fs.readdirSync(releases.quarantine.dir, { recursive: true });
  expect(left.sort()).toEqual([".compressed", ".compressed/br", ".compressed/gzip"]);
});

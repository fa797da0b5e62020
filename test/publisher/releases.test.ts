import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Staged } from "../../provisioning/publisher/src/fetcher";
import type { Files } from "../../provisioning/publisher/src/files";
import { type Release, Releases } from "../../provisioning/publisher/src/releases";

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
    staged.set(name, { version, file });
  }
  current = await releases.publish(current, files, staged);
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

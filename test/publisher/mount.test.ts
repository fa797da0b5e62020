import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Fetcher } from "../../provisioning/publisher/src/fetcher";
import type { FileVersion } from "../../provisioning/publisher/src/files";
import type { Mount } from "../../provisioning/publisher/src/mount";
import { SwiftClient } from "../../swift/client";
import { SwiftDouble } from "../support/swiftDouble";
import { Site, until, untilServed } from "./site";

let store: SwiftDouble;
let site: Site;
/** Stands for the course's container in the mount. */
let mounted: string;

beforeEach(async () => {
  store = await new SwiftDouble().start();
  store.createContainer("course");
  site = new Site(store.credentials);
  mounted = path.join(site.mountDir, "course");
  fs.mkdirSync(mounted);
  site.start();
  await until(
    () => site.status(),
    ({ mount }) => mount.healthy,
  );
});

afterEach(async () => {
  await site.remove();
  await store.stop();
});

test("bytes are read through the mount", async () => {
  fs.mkdirSync(path.join(mounted, "dir"));
  fs.writeFileSync(path.join(mounted, "dir/a"), "one");
  store.put("course", "dir/a", "one");
  await untilServed(site, { "dir/a": "one" });
  expect(store.reads).toEqual([]);
});

test("many files at a time come straight from the store", async () => {
  const pages: Record<string, string> = {};
  for (let i = 0; i < 65; i++) pages[`${i}`] = `page ${i}`;
  for (const [name, text] of Object.entries(pages)) {
    fs.writeFileSync(path.join(mounted, name), text);
    store.put("course", name, text);
  }
  await site.kill();
  store.requests.length = 0;
  site.start();
  await untilServed(site, pages);
  expect(store.reads).toHaveLength(65);
});

test("each file that comes through the mount is a sign of life: many of them take longer than the watchdog waits", async () => {
  const mount = {
    copy: async (_container: string, object: string, _version: FileVersion, to: string) => {
      fs.writeFileSync(to, object);
      return true;
    },
  } as unknown as Mount;
  const staging = path.join(site.dir, "staging");
  fs.mkdirSync(staging);
  let signs = 0;
  const fetcher = new Fetcher(
    new SwiftClient(store.credentials),
    mount,
    { container: "course", prefix: "" },
    staging,
    () => {
      signs++;
    },
  );
  const version = { hash: "h", bytes: 1, lastModified: "2026-01-01T00:00:00.000000" };
  await fetcher.fetch(
    [
      { ...version, name: "a" },
      { ...version, name: "b" },
    ],
    "mount",
    () => {},
  );
  expect(signs).toBe(2);
});

test("what the mount has not yet, or has in another version, comes from the store", async () => {
  fs.writeFileSync(path.join(mounted, "stale"), "old");
  store.put("course", "stale", "new");
  store.put("course", "missing", "here");
  await untilServed(site, { stale: "new", missing: "here" });
  expect((await site.status()).mount.healthy).toBe(true);
});

test("a mount that fails is left alone", async () => {
  fs.mkdirSync(path.join(mounted, "a")); // reading it gives EISDIR, as good an error as EIO
  store.put("course", "a", "one");
  await untilServed(site, { a: "one" });
  expect((await site.status()).mount).toMatchObject({
    healthy: false,
    detail: expect.stringContaining("reading failed"),
  });
});

test("a mount that hangs delays one publication by 5 s, and nothing else", async () => {
  // Opening a FIFO that nobody writes to blocks, as a call into a hung FUSE mount does.
  execFileSync("mkfifo", [path.join(mounted, "a")]);
  store.put("course", "a", "one");
  await untilServed(site, { a: "one" }, { limitMs: 9_000 });
  expect((await site.status()).mount).toMatchObject({ healthy: false, detail: expect.stringContaining("no answer") });

  store.put("course", "a", "two");
  await untilServed(site, { a: "two" }, { limitMs: 2_000 });
});

test("a mount that is not there", async () => {
  await site.kill();
  fs.rmdirSync(mounted);
  site.start();
  store.put("course", "a", "one");
  await untilServed(site, { a: "one" });
  await until(
    () => site.status(),
    ({ mount }) => !mount.healthy && mount.detail.includes("nothing mounted?"),
  );
});

test("a reader that dies is replaced", async () => {
  const readers = () =>
    execFileSync("pgrep", ["-f", `${site.dir}.* mount-reader`], { encoding: "utf8" })
      .trim()
      .split("\n");
  const [reader] = readers();
  process.kill(Number(reader), "SIGKILL");
  for (const content of ["one", "two"]) {
    fs.writeFileSync(path.join(mounted, "a"), content);
    store.put("course", "a", content);
    await untilServed(site, { a: content });
  }
  await until(readers, ([other]) => other !== undefined && other !== reader);
});

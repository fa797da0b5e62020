import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { difference, type Files, type FileVersion, WantedFiles } from "../../provisioning/publisher/src/files";
import { unsafeName } from "../../provisioning/publisher/src/names";
import type { ListedObject } from "../../swift/listing";
import { SwiftDouble } from "../support/swiftDouble";
import { Site, until, untilServed } from "./site";

describe("a name", () => {
  test.each([
    ["", "empty"],
    ["../x", '".." as a folder name'],
    ["a/../../x", '".." as a folder name'],
    ["./x", '"." as a folder name'],
    ["a//b", "empty folder name"],
    ["/etc/passwd", "empty folder name"],
    ["a\nb", "control character"],
    ["a\0b", "control character"],
    ["a\u0085b", "control character"],
    ["\ud800", "not valid Unicode"],
    ["x".repeat(256), "longer than 255 bytes"],
    [`dir/${"한".repeat(86)}`, "longer than 255 bytes"],
    ["a/.compressed/br/page.html", "a name that the publisher itself uses"],
    [".compressed", "a name that the publisher itself uses"],
    ["d/".repeat(2_000), "longer than 3500 bytes"],
  ])("%j is not published: %s", (name, reason) => {
    expect(unsafeName(name)).toContain(reason);
  });

  test.each([
    "a",
    "a b",
    "...",
    "..a",
    "a..",
    ".hidden",
    "한글",
    "한".repeat(85),
    "x".repeat(255),
    "~",
    "-rf",
    "a\\b",
    "C:",
    "link -> /etc/passwd",
  ])("%j is published as it is", (name) => {
    expect(unsafeName(name)).toBeUndefined();
  });

  test("whatever it is, a published one stays below its folder", () => {
    const segment = fc.oneof(fc.constantFrom("..", ".", "", "a", "\0", "\n"), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(segment), (segments) => {
        const name = segments.join("/");
        if (unsafeName(name) === undefined) {
          const target = path.join("/root", name);
          expect(target).toBe(`/root/${name}`);
          expect(path.relative("/root", target).split("/")).not.toContain("..");
        }
      }),
    );
  });
});

function listed(name: string, more: Partial<ListedObject> = {}): ListedObject {
  return { name, hash: "h", bytes: 1, lastModified: "2026-01-01T00:00:00.000000", contentType: "text/html", ...more };
}

function gather(objects: ListedObject[], prefix = "", published: Files = new Map()) {
  const gathered = new WantedFiles(prefix, published);
  gathered.add(objects);
  return gathered.result();
}

describe("a listing", () => {
  test("folder markers of all kinds are no files, and nothing worth a line", () => {
    const { files, skipped } = gather([
      listed("d", { contentType: "application/directory" }),
      listed("e", { contentType: "application/x-directory; charset=utf-8" }),
      listed("f/", { bytes: 0 }),
      listed("g/h"),
    ]);
    expect([...files.keys()]).toEqual(["g/h"]);
    expect(skipped).toEqual([]);
  });

  test("an object that is also a folder of others gives way to them", () => {
    const { files, skipped } = gather([listed("a"), listed("a.b"), listed("a/b"), listed("a/b/c")]);
    expect([...files.keys()]).toEqual(["a.b", "a/b/c"]);
    expect(skipped.map(({ name }) => name).sort()).toEqual(["a", "a/b"]);
  });

  test("a name that is no folder of a published file is not displaced by a bad one", () => {
    expect([...gather([listed("a"), listed("a/../b")]).files.keys()]).toEqual(["a"]);
  });

  test("the prefix is cut off, and its own marker is nothing", () => {
    expect([...gather([listed("src/"), listed("src/a")], "src/").files.keys()]).toEqual(["a"]);
  });

  test("a Swift symlink is skipped", () => {
    expect(gather([listed("l", { symlinkPath: "/v1/A/c/o" })]).skipped).toEqual([
      { name: "l", reason: expect.stringContaining("symlink") },
    ]);
  });

  test("carrying out the difference gives what is wanted, whatever was published", () => {
    const tree = fc.dictionary(
      fc.constantFrom("a", "b", "c/d", "c/e", "f/g/h"),
      fc.record({ hash: fc.constantFrom("1", "2"), bytes: fc.nat({ max: 2 }) }),
    );
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const published: Files = new Map(
          Object.entries(before).map(([name, of]) => [name, { name, lastModified: "t", ...of } satisfies FileVersion]),
        );
        const { files: wanted } = gather(
          Object.entries(after).map(([name, of]) => listed(name, { ...of, lastModified: "t" })),
          "",
          published,
        );
        const { added, changed, deleted } = difference(published, wanted);
        const result = new Map(published);
        for (const version of [...added, ...changed]) result.set(version.name, version);
        for (const name of deleted) result.delete(name);
        expect(new Map([...result].sort())).toEqual(new Map([...wanted].sort()));
        expect(
          added.every(({ name }) => !published.has(name)) && changed.every(({ name }) => published.has(name)),
        ).toBe(true);
      }),
    );
  });

  test("an empty object that was written anew is changed: it may name the segments of a large one", () => {
    const version = (lastModified: string, bytes: number) => ({ name: "a", hash: "h", bytes, lastModified });
    const changes = (bytes: number) =>
      difference(new Map([["a", version("1", bytes)]]), new Map([["a", version("2", bytes)]])).changed.length;
    expect([changes(0), changes(1)]).toEqual([1, 0]);
  });
});

test("bad names on the site: what can be is published, the rest is in the status, nothing is outside", async () => {
  const store = await new SwiftDouble().start();
  const site = new Site(store.credentials);
  try {
    const long = "x".repeat(255);
    const good = [
      "a b&<>%23.html",
      "한글".normalize("NFC"),
      "한글".normalize("NFD"),
      "link -> /etc/passwd",
      long,
      "both/file",
      "...",
      "\u202efdp.exe",
    ];
    const bad = ["../escape", "a//b", "/lead", "a/../../b", "./c", `${long}x`, "new\nline", "bell\u0007", "both"];
    for (const name of [...good, ...bad]) store.put("course", name, name);
    for (const marker of ["dir/", "both/"]) store.put("course", marker, "");
    const around = fs.readdirSync(site.dir);
    site.start();
    await untilServed(site, Object.fromEntries(good.map((name) => [name, name])));
    const { skipped } = await until(
      () => site.courseStatus(),
      ({ state }) => state === "current",
    );
    expect(skipped.map(({ name }) => name).sort()).toEqual([...bad].sort());
    expect(skipped.every(({ reason }) => reason !== "")).toBe(true);
    expect(fs.readdirSync(site.dir).filter((name) => !around.includes(name))).toEqual([
      "control.sock",
      "releases",
      "state",
    ]);
    expect(fs.readdirSync(site.webRoot).sort()).toEqual(["404.html", "course", "index.en.html", "index.html"]);

    const table = await site.run("status");
    expect(table).toContain("not published: new\\u000aline: control character in the name");
    expect(site.output + table).not.toContain("\u0007");
  } finally {
    await site.remove();
    await store.stop();
  }
});

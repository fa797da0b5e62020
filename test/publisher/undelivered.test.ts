import { expect, test } from "vitest";
import type { Files, FileVersion, Wanted } from "../../provisioning/publisher/src/files";
import { Undelivered } from "../../provisioning/publisher/src/undelivered";

const version = (hash: string): FileVersion => ({ name: "a", hash, bytes: 1, lastModified: "t" });
const wantedWith = (hash: string): Wanted => ({
  files: new Map([["a", version(hash)]]),
  folders: new Set(),
  skipped: [],
});

test("an object that does not come for a minute no longer keeps its course from being published", () => {
  const undelivered = new Undelivered();
  const published: Files = new Map([["a", version("old")]]);
  const given = (hash: string, at: number, before = published) => {
    const wanted = wantedWith(hash);
    undelivered.giveUp(wanted, before, at);
    return [wanted.files.get("a")?.hash, wanted.skipped.length];
  };
  for (const at of [0, 30_000, 59_000]) {
    expect(given("new", at)).toEqual(["new", 0]);
    undelivered.note([], [version("new")], at);
  }
  undelivered.note([], [version("new")], 61_000);
  // The version that is published stays; where there is none, the file is left out.
  expect(given("new", 61_000)).toEqual(["old", 1]);
  expect(given("new", 61_000, new Map())).toEqual([undefined, 1]);
  // It is tried again from time to time, and at once when it is stored anew.
  expect(given("new", 122_000)).toEqual(["new", 0]);
  undelivered.note([], [version("new")], 122_000);
  expect(given("new", 123_000)).toEqual(["old", 1]);
  expect(given("newer", 123_000)).toEqual(["newer", 0]);
});

test("what came is no longer missed", () => {
  const undelivered = new Undelivered();
  undelivered.note([], [version("new")], 0);
  undelivered.note([], [version("new")], 70_000);
  undelivered.note(["a"], [], 71_000);
  const wanted = wantedWith("new");
  undelivered.giveUp(wanted, new Map(), 72_000);
  expect(wanted.files.size).toBe(1);
});

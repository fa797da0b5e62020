import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compress, isCompressible, setFileTime, TEXT } from "../../provisioning/publisher/src/compressed";
import { eachOf, Line } from "../../provisioning/publisher/src/pace";
import { compressedForms } from "../support/compressedForms";

let dir: string;
const file = () => path.join(dir, "page.html");

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "compressed-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** Compresses it as a page. @returns the forms that are kept */
async function formsOf(content: Buffer | string): Promise<string[]> {
  fs.writeFileSync(file(), content);
  await compress(file(), file());
  setFileTime(file(), 1_000);
  return compressedForms(dir);
}

test("a page has both forms", async () => {
  expect(await formsOf("<p>a page that somebody wrote</p>\n".repeat(1_000))).toEqual([
    "br/page.html",
    "gzip/page.html",
  ]);
});

test("a form that is not smaller is not kept", async () => {
  expect(await formsOf(randomBytes(5_000))).toEqual([]);
});

test("nothing but texts of some length is compressed", () => {
  const version = { hash: "h", bytes: 2_000, lastModified: "2026-01-01T00:00:00.000000" };
  const names = ["a.html", "a/b.CSS", "책.mjs", "a.svg", "x.png", "html", "a.html.gz", "a.html/b"];
  expect(names.filter((name) => isCompressible({ ...version, name }))).toEqual([
    "a.html",
    "a/b.CSS",
    "책.mjs",
    "a.svg",
  ]);
  const sizes = [0, 1_023, 1_024, 4 * 1024 ** 2, 4 * 1024 ** 2 + 1];
  expect(sizes.filter((bytes) => isCompressible({ ...version, name: "a.html", bytes }))).toEqual(sizes.slice(2, 4));
  expect(isCompressible({ ...version, name: "a.html", dynamicEtag: "e" })).toBe(false);
});

test("the web server looks for forms of just these texts", () => {
  const conf = fs.readFileSync(path.join(__dirname, "../../provisioning/web-server/site.conf"), "utf8");
  const endings = (pattern: string) => /\\\.\((?:\?:)?([^)]+)\)+\$/.exec(pattern)?.[1]?.split("|") ?? [];
  const locations = [...conf.matchAll(/^location (.*) \{\n {4}alias /gm)];
  expect(locations.flatMap(([, pattern = ""]) => endings(pattern)).sort()).toEqual(endings(TEXT.source).sort());
});

test("where the disk does not take a form, there is none, and nothing fails", async () => {
  fs.writeFileSync(path.join(dir, ".compressed"), "in the way");
  fs.writeFileSync(file(), "page ".repeat(1_000));
  await compress(file(), file());
  expect(fs.readdirSync(dir).sort()).toEqual([".compressed", "page.html"]);
});

test("no more are compressed at a time than there is memory for", async () => {
  const line = new Line(2);
  let now = 0;
  let most = 0;
  await eachOf([1, 2, 3, 4, 5], 5, (n) =>
    line.run(async () => {
      most = Math.max(most, ++now);
      await sleep(5);
      now--;
      if (n === 1) throw new Error("one that fails leaves the line, too");
    }),
  ).catch((error) => expect(error.message).toContain("leaves the line"));
  expect([most, now]).toEqual([2, 0]);
});

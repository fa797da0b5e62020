import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { buildProgram } from "../program/build.cjs";
import { bundle } from "../program/bundle.cjs";
import * as sdk from "../program/sdk";

/** What takes long to load, and the bundle goes without. */
const LEFT_OUT = ["automation", "computeCodePaths", "serializeFunction", "serializeFunctionAsync"];

const names = (module: object) =>
  Object.keys(module).filter((name) => !["default", "deploymentOnlyModule"].includes(name));
const missing = (whole: object, part: object) => names(whole).filter((name) => !names(part).includes(name));

test("the bundle's SDK is Pulumi's, but for what takes long to load", () => {
  expect(missing(pulumi, sdk)).toEqual(["automation"]);
  expect(missing(pulumi.runtime, sdk.runtime).sort()).toEqual(LEFT_OUT.slice(1));
});

test("the program, plugins' packages included, is one file that uses nothing of that", async () => {
  const file = await buildProgram();
  const text = readFileSync(file, "utf8");
  const required = new Set([...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name as string));
  expect([...required].filter((name) => !isBuiltin(name) && !/^(@pulumi\/pulumi\/|esbuild$)/.test(name))).toEqual([]);
  expect(text).not.toMatch(new RegExp(`\\.(${LEFT_OUT.join("|")})\\b`));
  expect(await buildProgram()).toBe(file);
});

test("what was made from former sources goes when there is something new", async () => {
  const folder = join(__dirname, "..", ".cache", "bundles", "test-former");
  rmSync(folder, { recursive: true, force: true });
  const build = (target: string) => bundle("test-former", "swift/errors.ts", ["swift"], { target });
  const [old, recent] = [dirname(await build("node18")), dirname(await build("node20"))];
  const longAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  utimesSync(old, longAgo, longAgo);
  const newest = dirname(await build("node22"));
  expect(readdirSync(folder).sort()).toEqual([recent, newest].map((one) => basename(one)).sort());
  rmSync(folder, { recursive: true });
});

test("the same built several times at once is one build", async () => {
  const folder = join(__dirname, "..", ".cache", "bundles", "test-at-once");
  rmSync(folder, { recursive: true, force: true });
  const build = () => bundle("test-at-once", "swift/errors.ts", ["swift"], { target: "node20" });
  const files = await Promise.all([build(), build(), build()]);
  expect(new Set(files).size).toBe(1);
  expect(readdirSync(folder)).toHaveLength(1);
  expect(readFileSync(files[0], "utf8")).toContain("SwiftError");
  rmSync(folder, { recursive: true });
});

test("what V8 has compiled of a bundle is kept for the next time, and made anew where it is of no use", () => {
  const folder = mkdtempSync(join(tmpdir(), "xwmooc-load-"));
  const file = join(folder, "index.cjs");
  writeFileSync(file, 'module.exports = [__filename, require("node:path").basename(__dirname)];');
  const program = `console.log(require(process.argv[1]).load(process.argv[2]).join()); setTimeout(() => {}, 1_500)`;
  const run = () =>
    execFileSync(process.execPath, ["-e", program, join(__dirname, "..", "program", "load.cjs"), file], {
      encoding: "utf8",
    }).trim();
  const loaded = `${file},${basename(folder)}`;

  expect(run()).toBe(loaded);
  const [compiled = ""] = readdirSync(folder).filter((name) => name !== "index.cjs");
  expect(compiled).toBe(`index.cjs.${process.version}-${process.arch}`);
  writeFileSync(join(folder, compiled), "damaged");
  expect(run()).toBe(loaded);
  expect(readFileSync(join(folder, compiled), "latin1")).not.toBe("damaged");
  expect(run()).toBe(loaded);
  rmSync(folder, { recursive: true });
});

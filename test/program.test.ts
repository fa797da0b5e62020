import { readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { isBuiltin } from "node:module";
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

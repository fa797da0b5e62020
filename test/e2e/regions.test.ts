import { afterAll, beforeAll, expect, it } from "vitest";
import type { SwiftClient } from "../../swift/client";
import { get, npm, type Outputs, outputs, pulumi, store, until } from "./support/project";
import {
  courses,
  npmThere,
  outputsThere,
  pulumiThere,
  REGION,
  removeStack,
  storeThere,
  writeStackFile,
} from "./support/secondRegion";
import { compare } from "./support/site";

// A second region beside the stack dev: its content comes from there.
let here: Outputs;
let there: Outputs;
let source: SwiftClient;
let copy: SwiftClient;
const pi = courses.find(({ name }) => name === "pi");

beforeAll(async () => {
  await npm("up");
  here = await outputs();
  source = store();
  copy = storeThere();
});
afterAll(async () => {
  source.close();
  copy.close();
});

it("npm run new-region writes its stack file, and its state lies in a bucket of Swift", async () => {
  await writeStackFile();
  const preview = await pulumiThere("preview");
  expect(preview).not.toContain("SLDEV-key");
  expect((await copy.list("xwmooc-state")).map(({ name }) => name).join()).toContain(REGION);
});

it("both stacks are there side by side", async () => {
  await pulumiThere("up", "--yes", "--skip-preview");
  there = await outputsThere();
  expect(there.address).not.toBe(here.address);
  await pulumi("preview", "--expect-no-changes");
  await pulumiThere("preview", "--expect-no-changes");
});

it("has every course as the region that it copies from", async () => {
  await until("every course is copied", 300, async () => {
    const sizes = await Promise.all(
      courses.map(async ({ container }) => [
        (await source.list(container)).length,
        (await copy.list(container)).length,
      ]),
    );
    return sizes.every(([from, to]) => from === to);
  });
  for (const course of courses) {
    await until(`${course.name} is published`, 600, async () => {
      return (await compare(there.siteUrl, course, source)).differences.length === 0;
    });
  }
});

it("a change in the one is on the site of the other some seconds later, and a deletion, too", async () => {
  if (!pi) throw new Error("no course pi");
  await source.put(pi.container, "e2e/mirrored.html", Buffer.from("<p>there as well</p>"), {
    contentType: "text/html",
  });
  const url = `${there.courseUrls.pi}e2e/mirrored.html`;
  const ms = await until(
    "the change is there",
    120,
    async () => (await get(url)).body.toString() === "<p>there as well</p>",
  );
  console.log(`stored here, served in the other region ${ms} ms later`);
  await source.delete(pi.container, "e2e/mirrored.html");
  await until("it is gone", 120, async () => (await get(url)).status === 404);
});

it("npm run status compares both", async () => {
  await until("status finds everything in order", 180, async () => {
    const text = await npmThere("status", ["--stack", REGION]);
    return text.match(/mirror: in step/g)?.length === courses.length;
  });
});

it("content that is lost there comes back by itself", async () => {
  if (!pi) throw new Error("no course pi");
  const lost = (await copy.list(pi.container)).slice(0, 5).map(({ name }) => name);
  for (const name of lost) await copy.delete(pi.container, name);
  await until("it is back", 120, async () => {
    const names = new Set((await copy.list(pi.container)).map(({ name }) => name));
    return lost.every((name) => names.has(name));
  });
});

it("goes without a trace in the stack dev, and leaves its content in the store", async () => {
  const before = (await copy.list("pi")).length;
  await removeStack();
  expect((await copy.list("pi")).length).toBe(before);
  await pulumi("preview", "--expect-no-changes");
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CourseMirror } from "../../provisioning/content-mirror/src/courseMirror";
import type { CourseState } from "../../provisioning/content-mirror/src/state";
import { SwiftClient } from "../../swift/client";
import { SwiftDouble } from "../support/swiftDouble";

// What the mirror makes of changes and faults, comparison by comparison; on a real Swift: test/provisioning/mirror.test.ts.
const RULE = { percent: 50, files: 20, windowSeconds: 600 };
const names = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `f${from + i}.html`);
/** As listings write times. */
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString().replace("Z", "000");

let source: SwiftDouble;
let copy: SwiftDouble;
let from: SwiftClient;
let to: SwiftClient;
let mirror: CourseMirror;
let state: Partial<CourseState>;
let log: string[];

/** Begins anew, with what a former run remembers. */
function start(run?: CourseState["run"]): CourseMirror {
  return new CourseMirror({
    course: { name: "pi", container: "pi", from: "raspberry", source: "" },
    ...{ from, to, run, massDeletion: RULE },
    journal: { info: (line) => log.push(line), warn: (line) => log.push(line), debug: () => {} },
    note: (change) => Object.assign(state, change),
  });
}

beforeEach(async () => {
  [source, copy] = await Promise.all([new SwiftDouble().start(), new SwiftDouble().start()]);
  [from, to] = [new SwiftClient(source.credentials), new SwiftClient(copy.credentials)];
  source.createContainer("raspberry");
  copy.createContainer("pi");
  state = {};
  log = [];
  mirror = start();
});
afterEach(async () => {
  from.close();
  to.close();
  await Promise.all([source.stop(), copy.stop()]);
});

const copies = async () => (await to.list("pi")).map(({ name }) => name);
const put = (...of: string[]) => {
  for (const name of of) source.put("raspberry", name, `content of ${name}`);
};
const remove = (...of: string[]) => {
  for (const name of of) source.delete("raspberry", name);
};

describe("a mirror", () => {
  it("asks for nothing but the two listings while nothing changes", async () => {
    put(...names(30));
    await mirror.pass();
    expect(state).toMatchObject({ state: "in step", different: 0, objects: 30, problem: null });
    source.requests.length = 0;
    copy.requests.length = 0;
    await mirror.pass();
    expect([source.requests.length, copy.requests.length]).toEqual([1, 1]);
  });

  it("looks into what seems empty once, and into dynamic large objects each time", async () => {
    source.put("raspberry", ".nojekyll", "");
    source.put("segments", "film/1", "one ");
    source.put("segments", "film/2", "two");
    source.put("raspberry", "film.mp4", "", { dynamic: "segments/film/" });
    await mirror.pass();
    const film = async () => {
      const { chunks } = await to.get("pi", "film.mp4");
      let text = "";
      for await (const chunk of chunks) text += chunk;
      return text;
    };
    expect(await film()).toBe("one two");
    await mirror.pass();
    source.requests.length = 0;
    source.put("segments", "film/2", "2");
    await mirror.pass();
    expect(await film()).toBe("one 2");
    const heads = source.requests.filter(({ method }) => method === "HEAD");
    expect(heads.map(({ object }) => object)).not.toContain(".nojekyll");
  });

  it("does not delete on the word of a listing alone", async () => {
    put("a.html", "b.html");
    await mirror.pass();
    const [{ hash, bytes, lastModified, contentType } = { hash: "" }] = await from.list("raspberry");
    const row = { name: "a.html", hash, bytes, last_modified: lastModified, content_type: contentType };
    // The store lists too little, as an overloaded one does.
    const body = JSON.stringify([row]);
    source.fault = ({ method, object }) => (method === "GET" && object === undefined ? { body } : undefined);
    await mirror.pass();
    expect(await copies()).toEqual(["a.html", "b.html"]);
    expect(state).toMatchObject({ state: "different", different: 1 });
  });

  it.each<[string, () => void]>([
    ["the source is away", () => (source.fault = () => 503)],
    ["the source answers with a page of HTML", () => (source.fault = () => "html")],
    ["the source's container is gone", () => source.deleteContainer("raspberry")],
    ["the store here takes nothing", () => (copy.fault = ({ method }) => (method === "PUT" ? 507 : undefined))],
  ])("leaves everything as it is where %s", async (_, fail) => {
    put(...names(30));
    await mirror.pass();
    put(...names(20, 30));
    remove("f0.html");
    fail();
    await expect(mirror.pass()).rejects.toThrow(/127\.0\.0\.1/);
    expect(await copies()).toHaveLength(30);
  });

  it("puts deletions off while something can't be copied, but not for ever", async () => {
    put(...names(30), "old.html");
    await mirror.pass();
    put("new.html");
    remove("old.html");
    copy.fault = ({ method, object }) => (method === "PUT" && object === "new.html" ? 500 : undefined);
    await mirror.pass();
    expect(await copies()).toContain("old.html");
    expect(state).toMatchObject({ state: "different", different: 2 });
    expect(state.problem).toMatch(/^"new.html" can't be copied: no valid answer for storing new.html from/);
    await mirror.pass();
    await mirror.pass();
    expect(await copies()).not.toContain("old.html");
    copy.fault = () => undefined;
    await mirror.pass();
    expect(state).toMatchObject({ state: "in step", problem: null });
  });

  it("copies and deletes all else where a row of objects can never be copied", async () => {
    put(...names(30), "old.html");
    await mirror.pass();
    const refused = names(30, 100);
    put(...refused, ...names(20, 200));
    remove("old.html");
    copy.fault = ({ method, object }) => (method === "PUT" && refused.includes(String(object)) ? 409 : undefined);
    // Ten in a row may as well be the store.
    await expect(mirror.pass()).rejects.toThrow(/no valid answer/);
    expect(await copies()).toContain("old.html");
    for (let passes = 0; passes < 12; passes++) await mirror.pass().catch(() => {});
    expect(await copies()).toEqual([...names(30), ...names(20, 200)].sort());
    expect(state).toMatchObject({ state: "different", different: 30 });
    copy.fault = () => undefined;
    await mirror.pass();
    expect(state).toMatchObject({ state: "in step", problem: null });
  });

  it("takes objects that fail here and there for no outage", async () => {
    put(...names(60));
    const refused = names(60).filter((_, i) => i % 4 === 0);
    copy.fault = ({ method, object }) => (method === "PUT" && refused.includes(String(object)) ? 409 : undefined);
    await mirror.pass();
    expect(state).toMatchObject({ state: "different", different: 15 });
  });

  it("holds a mass deletion, also one that comes slowly, and over a restart", async () => {
    put(...names(60));
    await mirror.pass();
    remove(...names(25));
    await mirror.pass();
    expect(await copies()).toHaveLength(35);
    mirror = start(state.run);
    remove(...names(25, 25));
    await mirror.pass();
    await mirror.pass();
    expect(await copies()).toHaveLength(35);
    expect(state).toMatchObject({ state: "different", held: 25 });
    expect(log.join("\n")).toMatch(/pi: 25 objects are gone at the source; they stay here until they are back/);
    put(...names(25, 25));
    await mirror.pass();
    expect(state).toMatchObject({ state: "in step", held: 0 });
  });

  it("deletes what an author has deleted on purpose; a marker of yesterday says nothing", async () => {
    put(...names(5));
    await mirror.pass();
    remove(...names(5));
    source.put("raspberry", ".emptied-on-purpose", "", { modified: ago(86_400) });
    await mirror.pass();
    expect(await copies()).toEqual(names(5));
    source.put("raspberry", ".emptied-on-purpose", "");
    await mirror.pass();
    expect(await copies()).toEqual([".emptied-on-purpose"]);
  });

  it("is in step where a marker is left lying, and counts it in no run of deletions", async () => {
    put(...names(5));
    source.put("raspberry", ".emptied-on-purpose", "");
    await mirror.pass();
    source.put("raspberry", ".emptied-on-purpose", "", { modified: ago(86_400) });
    await mirror.pass();
    expect(state).toMatchObject({ state: "in step", different: 0, run: undefined });
    expect(await copies()).toEqual([".emptied-on-purpose", ...names(5)]);
    source.delete("raspberry", ".emptied-on-purpose");
    await mirror.pass();
    expect(await copies()).toEqual(names(5));
  });

  it("makes a lost container anew, and fills it", async () => {
    put(...names(30));
    await mirror.pass();
    copy.deleteContainer("pi");
    await mirror.pass();
    expect(await copies()).toHaveLength(30);
  });

  it("measures how long the last changes took", async () => {
    put("a.html");
    source.put("raspberry", "long-ago.html", "x", { modified: ago(1_000_000) });
    await mirror.pass();
    expect(state.lagSeconds).toBeUndefined();
    put("b.html");
    await mirror.pass();
    expect(state.lagSeconds).toBeGreaterThanOrEqual(0);
    expect(state.lagSeconds).toBeLessThan(5);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readArchive, restoreCourse, restoreObject } from "../../cli/lib/archive";
import type { Course } from "../../cli/lib/stackConfig";
import { SwiftClient } from "../../swift/client";
import { declared } from "../support/courseHost";
import { SwiftDouble } from "../support/swiftDouble";

let swift: SwiftDouble;
let client: SwiftClient;
const [course] = declared(["pi"]) as [Course];

beforeEach(async () => {
  swift = await new SwiftDouble().start();
  swift.createContainer("pi");
  swift.keepHistory("pi", "pi-archive");
  client = new SwiftClient(swift.credentials, { timeoutMs: 2000 });
});

afterEach(async () => {
  client.close();
  await swift.stop();
});

/** An hour of the day on which all that is told here happened. */
const at = (hour: number) => Date.UTC(2020, 10, 23, hour);
/** Stores an object at an hour; what it replaces goes into the archive. */
async function store(name: string, content: string, hour: number, contentType = "text/html") {
  await client.put("pi", name, content, { contentType });
  swift.put("pi", name, content, { contentType, modified: `2020-11-23T${String(hour).padStart(2, "0")}:00:00.500000` });
}
async function contentOf(name: string): Promise<string> {
  let text = "";
  for await (const chunk of (await client.get("pi", name)).chunks) text += chunk;
  return text;
}
const names = async () => (await client.list("pi")).map(({ name }) => name);

describe("what the archive holds", () => {
  it("is listed newest first: what was overwritten, what was deleted, and when", async () => {
    await store("한글/a b.html", "one", 1);
    await store("한글/a b.html", "longer", 2);
    await store("한글/a b.html", "three", 3);
    await store("other", "o", 4);
    await client.delete("pi", "other");
    swift.put("pi-archive", "of somebody else", "x");
    swift.put("pi-archive", "fffwrong/1763922109.12345", "x");
    const versions = await readArchive(client, course);
    expect(versions.map(({ object, deleted, entry }) => [object, deleted, entry.bytes])).toEqual([
      ["other", true, 0],
      ["other", false, 1],
      ["한글/a b.html", false, 6],
      ["한글/a b.html", false, 3],
    ]);
    expect(versions.slice(1).map((version) => version.at - 500)).toEqual([at(4), at(2), at(1)]);
    expect(await readArchive(client, course, "other")).toHaveLength(2);
    expect(await readArchive(client, course, "oth")).toEqual([]);
  });

  it("is nothing where there is no archive; the key is named", async () => {
    swift.deleteContainer("pi-archive");
    await expect(readArchive(client, course)).rejects.toThrow(
      /^Container pi has no archive: .* Set "xwmooc:archive: true" in the stack's file/,
    );
  });
});

describe("restoring an object", () => {
  it("brings back what was deleted, with its type, and changes nothing the second time", async () => {
    await store("a.html", "one", 1);
    await store("a.html", "two", 2);
    await client.delete("pi", "a.html");
    expect(await restoreObject(client, course, "a.html")).toMatchObject({ at: at(2) + 500, entry: { bytes: 3 } });
    expect(await contentOf("a.html")).toBe("two");
    expect((await client.list("pi"))[0]?.contentType).toBe("text/html");
    expect(await restoreObject(client, course, "a.html")).toBeUndefined();
  });

  it("brings back what was overwritten, and a second run undoes that", async () => {
    await store("a.html", "one", 1);
    await store("a.html", "two", 2);
    await restoreObject(client, course, "a.html");
    expect(await contentOf("a.html")).toBe("one");
    await restoreObject(client, course, "a.html");
    expect(await contentOf("a.html")).toBe("two");
  });

  it("brings back what it was at a time", async () => {
    for (const [index, text] of ["one", "two", "three"].entries()) await store("a.html", text, index + 1);
    await restoreObject(client, course, "a.html", at(2));
    expect(await contentOf("a.html")).toBe("one");
    await restoreObject(client, course, "a.html", at(2) + 500);
    expect(await contentOf("a.html")).toBe("two");
    await expect(restoreObject(client, course, "a.html", at(0))).rejects.toThrow(
      "The oldest version of a.html in the archive is of 2020-11-23T01:00:00.500Z: give that or later.",
    );
  });

  it("leaves an object that has not changed since then", async () => {
    await store("a.html", "one", 1);
    await store("a.html", "two", 2);
    expect(await restoreObject(client, course, "a.html", at(3))).toBeUndefined();
    expect(await contentOf("a.html")).toBe("two");
  });

  it("names the nearest where there is no such object", async () => {
    await store("site/index.html", "i", 1);
    await client.delete("pi", "site/index.html");
    const message = (object: string) => restoreObject(client, course, object).catch((error: Error) => error.message);
    const none = (object: string) => `The archive of course pi holds no "${object}".`;
    expect(await message("index.html")).toBe(`${none("index.html")} Did you mean "site/index.html"?`);
    expect(await message("site/indx.html")).toBe(`${none("site/indx.html")} Did you mean "site/index.html"?`);
    expect(await message("film.mp4")).toBe(`${none("film.mp4")} \`npm run restore -- pi\` lists what there is.`);
  });

  it("says where a copy is not what it should be", async () => {
    await store("a.html", "one", 1);
    await client.delete("pi", "a.html");
    swift.fault = ({ method, container, object }) => {
      if (method === "HEAD" && container === "pi" && object) swift.put("pi", object, "of an author");
      return undefined;
    };
    await expect(restoreObject(client, course, "a.html")).rejects.toThrow(/a\.html has other content than its version/);
  });

  it("brings a large object back with its parts, and says where they are gone", async () => {
    swift.createContainer("segments");
    const rows = [{ path: "/segments/pi/1", etag: await client.put("segments", "pi/1", "part"), size_bytes: 4 }];
    await client.put("pi", "film.mp4", JSON.stringify(rows), { query: "multipart-manifest=put" });
    await client.delete("pi", "film.mp4");
    await restoreObject(client, course, "film.mp4");
    expect(await contentOf("film.mp4")).toBe("part");
    await client.delete("pi", "film.mp4");
    await client.delete("segments", "pi/1");
    await expect(restoreObject(client, course, "film.mp4")).rejects.toThrow(
      "film.mp4 was a large object, and parts of it are not in the store any more.",
    );
  });
});

describe("restoring a course", () => {
  it("brings back what was overwritten or deleted since then, pages last, and leaves the rest", async () => {
    await store("same.css", "same", 1);
    await store("gone-before.html", "g", 1);
    await store("gone.html", "gone", 1);
    await store("z.png", "one", 1);
    await client.delete("pi", "gone-before.html");
    const [marker] = await readArchive(client, course);
    // Deleted long before.
    swift.put("pi-archive", "010gone-before.html/1606096800.00000", "", {
      contentType: marker?.entry.contentType ?? "",
    });
    swift.delete("pi-archive", marker?.entry.name ?? "");
    await store("new.html", "new", 5);
    await store("z.png", "two", 5);
    await client.delete("pi", "gone.html");
    swift.requests.length = 0;
    expect(await restoreCourse(client, course, at(3), () => {})).toEqual({ restored: 2, failed: [] });
    const copies = swift.requests.filter(({ method }) => method === "PUT").map(({ object }) => object);
    expect(copies).toEqual(["z.png", "gone.html"]);
    expect(await names()).toEqual(["gone.html", "new.html", "same.css", "z.png"]);
    expect([await contentOf("z.png"), await contentOf("gone.html")]).toEqual(["one", "gone"]);
    expect(await restoreCourse(client, course, at(3), () => {})).toEqual({ restored: 0, failed: [] });
  });

  it("stops in an outage, and goes on where it was", async () => {
    for (let i = 0; i < 20; i++) await store(`${i}.png`, `${i}`, 1);
    for (let i = 0; i < 20; i++) await client.delete("pi", `${i}.png`);
    swift.fault = ({ method, object }) => (method === "PUT" && object === "7.png" ? 503 : undefined);
    await expect(restoreCourse(client, course, at(2), () => {})).rejects.toMatchObject({ kind: "outage" });
    const there = (await names()).length;
    swift.fault = () => undefined;
    expect(await restoreCourse(client, course, at(2), () => {})).toEqual({ restored: 20 - there, failed: [] });
    expect(await names()).toHaveLength(20);
  });
});

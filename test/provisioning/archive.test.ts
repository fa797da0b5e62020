import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readArchive, restoreCourse, restoreObject } from "../../cli/lib/archive";
import type { Course } from "../../cli/lib/stackConfig";
import { archiveOf } from "../../config/archive";
import { SwiftClient } from "../../swift/client";
import { CourseHost, declared, FIRST_USER } from "../support/courseHost";
import { SYSTEM, whyNoContainers } from "../support/systemdContainer";

// What Swift itself keeps of what is overwritten or deleted, and how it comes back.
const noContainers = whyNoContainers();
/** A boot may have to build the root file system first. */
const BOOT_MS = 10 * 60_000;
const SEGMENTS = "segments";

describe.skipIf(noContainers)(`the archive of a course in Swift on ${SYSTEM}`, () => {
  let host: CourseHost;
  let client: SwiftClient;
  const [course] = declared(["pi"]) as [Course];

  beforeAll(async () => {
    host = await CourseHost.boot("archive", { courses: [] });
    const filter = "[filter:versioned_writes]\\nuse = egg:swift#versioned_writes\\nallow_versioned_writes = true";
    await host.container.sh(
      `sed -i -e 's/ dlo proxy-server$/ dlo versioned_writes proxy-server/' -e '$ a ${filter}' /etc/swift/proxy-server.conf`,
    );
    await host.stopStore();
    await host.startStore();
    const port = await host.container.loopback.forward(8080);
    client = new SwiftClient({ auth: "v1", authUrl: `http://127.0.0.1:${port}/auth/v1.0`, ...FIRST_USER });
    for (const container of [archiveOf("pi"), SEGMENTS]) await client.createContainer(container);
    // As the provider declares it.
    await client.createContainer("pi", { "X-History-Location": archiveOf("pi") });
  }, BOOT_MS);
  afterAll(async () => {
    client?.close();
    await host?.stop();
  });

  const textOf = async (name: string) => {
    let text = "";
    for await (const chunk of (await client.get("pi", name)).chunks) text += chunk;
    return text;
  };

  it("is told of by the store", async () => {
    expect(await client.features()).toMatchObject({ versioned_writes: { allowed_flags: expect.any(Array) } });
  });

  it("brings back what was overwritten and deleted, with type and metadata", async () => {
    const name = "첫 장/a & b?#%.html";
    const headers = { "X-Object-Meta-Mtime": "1700000000.5" };
    for (const text of ["one", "two", "three"])
      await client.put("pi", name, text, { contentType: "text/html", headers });
    await client.delete("pi", name);
    const versions = await readArchive(client, course, name);
    expect(versions.map(({ object, deleted, entry }) => [object, deleted, entry.bytes])).toEqual([
      [name, true, 0],
      [name, false, 5],
      [name, false, 3],
      [name, false, 3],
    ]);
    await restoreObject(client, course, name);
    expect(await textOf(name)).toBe("three");
    const { headers: back } = await client.head("pi", name);
    expect(back).toMatchObject({ "content-type": "text/html", "x-object-meta-mtime": "1700000000.5" });
    await restoreObject(client, course, name, versions[2]?.at);
    expect(await textOf(name)).toBe("two");
  });

  it("brings back a course as it was at a time", async () => {
    for (const name of ["index.html", "a.png", "kept.css"]) await client.put("pi", name, `old ${name}`);
    const kept = await client.list("pi");
    // Swift writes times in steps of 10 µs, of its own clock, which is this machine's.
    const then = Date.now() + 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    await client.put("pi", "a.png", "new");
    await client.put("pi", "new.html", "new");
    await client.delete("pi", "index.html");
    expect(await restoreCourse(client, course, then, () => {})).toEqual({ restored: 2, failed: [] });
    const hashes = (await client.list("pi")).map(({ name, hash }) => [name, hash]);
    expect(hashes.filter(([name]) => name !== "new.html")).toEqual(kept.map(({ name, hash }) => [name, hash]));
    expect(await restoreCourse(client, course, then, () => {})).toEqual({ restored: 0, failed: [] });
  });

  it("brings back a large object as long as its parts are there", async () => {
    const parts = await Promise.all(
      ["one ", "two"].map(async (text, number) => {
        const etag = await client.put(SEGMENTS, `pi/film/${number}`, text);
        return { path: `/${SEGMENTS}/pi/film/${number}`, etag, size_bytes: text.length };
      }),
    );
    await client.put("pi", "film.mp4", JSON.stringify(parts), { query: "multipart-manifest=put" });
    await client.delete("pi", "film.mp4");
    expect(await restoreObject(client, course, "film.mp4")).toMatchObject({ entry: { bytes: 7 } });
    expect(await textOf("film.mp4")).toBe("one two");
    expect((await client.head("pi", "film.mp4")).headers["x-static-large-object"]).toBe("True");
    expect(await restoreObject(client, course, "film.mp4")).toBeUndefined();
    await client.delete("pi", "film.mp4");
    await client.delete(SEGMENTS, "pi/film/1");
    await expect(restoreObject(client, course, "film.mp4")).rejects.toThrow(
      /parts of it are not in the store any more/,
    );
  });
});

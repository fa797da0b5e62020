import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentMirrorConfig } from "../../components/hostFiles";
import { parseConfig } from "../../config/parse";
import { bundleAskStore, bundleContentMirror } from "../../provisioning/bundle";
import type { CourseState, State } from "../../provisioning/content-mirror/src/state";
import { SwiftClient } from "../../swift/client";
import { CourseHost, FIRST_USER, STORE_AUTH_URL } from "../support/courseHost";
import { FaultyStore } from "../support/faultyStore";
import { rawConfig } from "../support/stack";
import { SYSTEM, whyNoContainers } from "../support/systemdContainer";

// A region that copies its content from another one: two accounts of one real Swift, of which the mirror may only read one, and
// reaches it on a way that fails as told. One after the other, as a region's life goes.
const noContainers = whyNoContainers();
/** A boot may have to build the root file system first. */
const BOOT_MS = 10 * 60_000;
const LONG_MS = 3 * 60_000;

const READER = { username: "SLTEST-2:READER", apiKey: "reader-key" };
const OWN = { username: "SLMIRROR-2:SLMIRROR", apiKey: "mirror-key" };
const WAY_PORT = 8081;
const WAY_AUTH_URL = `http://127.0.0.1:${WAY_PORT}/auth/v1.0`;
/** What the container of the course pi is called at the source. */
const RASPBERRY = "raspberry";

describe.skipIf(noContainers)(`the mirror on ${SYSTEM}`, () => {
  let host: CourseHost;
  let way: FaultyStore;
  let source: SwiftClient;
  let own: SwiftClient;
  const sh = (command: string) => host.container.sh(command);

  beforeAll(async () => {
    host = await CourseHost.boot("mirror", { courses: [RASPBERRY, "py4inf"] });
    const users = [`user_SLTEST-2_READER = ${READER.apiKey}`, `user_SLMIRROR-2_SLMIRROR = ${OWN.apiKey} .admin`];
    await sh(`sed -i '/^user_SLTEST-2_SLTEST/a ${users.join("\\n")}' /etc/swift/proxy-server.conf`);
    await host.stopStore();
    await host.startStore();
    const { loopback } = host.container;
    const port = await loopback.forward(8080);
    way = new FaultyStore(port);
    await loopback.serve(WAY_PORT, way.handler);
    const client = (user: typeof OWN) =>
      new SwiftClient({ auth: "v1", authUrl: `http://127.0.0.1:${port}/auth/v1.0`, ...user });
    [source, own] = [client(FIRST_USER), client(OWN)];
    for (const container of [RASPBERRY, "py4inf", "segments"])
      await source.createContainer(container, { "X-Container-Read": READER.username });
    for (const container of ["pi", "py4inf"]) await own.createContainer(container);
  }, BOOT_MS);
  afterAll(async () => {
    source?.close();
    own?.close();
    await host?.stop();
  }, LONG_MS);

  const step = async (scripts = "bash ./install.sh && bash ./verify.sh", reader = READER) => {
    const { mirror, ...config } = parseConfig(
      rawConfig("tokyo2", {
        mirror: {
          from: { authType: "v1password", authUrl: WAY_AUTH_URL, ...reader },
          seconds: 1,
          containers: { pi: RASPBERRY },
        },
        courses: ["pi", "py4inf"].map((name) => ({ name, title: name })),
      }),
    );
    if (mirror === undefined) throw new Error("no mirror");
    const files = {
      "content-mirror.cjs": await bundleContentMirror(),
      "ask-store.cjs": await bundleAskStore(),
      "config.json": contentMirrorConfig(mirror, config),
    };
    const secretFiles = {
      "from.json": JSON.stringify({ auth: "v1", authUrl: WAY_AUTH_URL, ...reader }),
      "to.json": JSON.stringify({ auth: "v1", authUrl: STORE_AUTH_URL, ...OWN }),
    };
    return await host.runStep("content-mirror", { files, secretFiles }, scripts);
  };
  const stateOf = async (name: string): Promise<CourseState | undefined> => {
    const { courses } = JSON.parse(await sh("cat /var/lib/content-mirror/state.json")) as State;
    return courses.find((course) => course.name === name);
  };
  /** Waits for the end of a comparison that has begun by now. */
  const compared = async (state: CourseState["state"] = "in step") => {
    const now = new Date().toISOString();
    return await host.container.until(20, `pi is ${state}`, async () => {
      const known = await stateOf("pi");
      const since = state === "outage" ? known?.seenAt : known?.comparedAt;
      return known?.state === state && (since ?? "") > now ? known : undefined;
    });
  };
  /** Of what is not large: a large object's hash is none of its content. */
  const listing = async (client: SwiftClient, container: string) =>
    (await client.list(container))
      .filter(({ bytes }) => bytes < 4_000_000)
      .map(({ name, hash, contentType }) => [name, hash, contentType]);
  const digest = async (client: SwiftClient, container: string, name: string) => {
    const hash = createHash("md5");
    for await (const chunk of (await client.get(container, name)).chunks) hash.update(chunk);
    return hash.digest("hex");
  };
  /** Two segments, as the upload gateway stores what is large. */
  const putLarge = async (text: string) => {
    const segments = await Promise.all(
      [1, 2].map(async (number) => {
        const content = Buffer.alloc(2_000_000, text + number);
        const etag = await source.put("segments", `${RASPBERRY}/${text}/${number}`, content);
        return { path: `/segments/${RASPBERRY}/${text}/${number}`, etag, size_bytes: content.length };
      }),
    );
    await source.put(RASPBERRY, "film.mp4", JSON.stringify(segments), { query: "multipart-manifest=put" });
  };

  it(
    "copies all that is there: names, types and metadata",
    async () => {
      for (let i = 0; i < 30; i++)
        await source.put(RASPBERRY, `unit/${i}.html`, `page ${i}`, { contentType: "text/html" });
      for (const name of ["a//b.html", "slash/", "both", "both/x", "한글 & ?#%.html", ".hidden", "empty"])
        await source.put(RASPBERRY, name, name === "empty" ? "" : name);
      await source.put(RASPBERRY, "folder", "", { contentType: "application/directory" });
      const headers = { "X-Object-Meta-Mtime": "1700000000.5", "Content-Encoding": "gzip" };
      await source.put(RASPBERRY, "packed.svg", "x", { contentType: "image/svg+xml", headers });
      const { code, stderr } = await step();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      await compared();
      expect(await listing(own, "pi")).toEqual(await listing(source, RASPBERRY));
      expect(await listing(own, "py4inf")).toEqual(await listing(source, "py4inf"));
      const copy = await own.head("pi", "packed.svg");
      expect(copy.headers).toMatchObject({ "x-object-meta-mtime": "1700000000.5", "content-encoding": "gzip" });
    },
    LONG_MS,
  );

  it("copies an overwrite of the same size, and deletes what is deleted", async () => {
    await source.put(RASPBERRY, "unit/0.html", "PAGE 0", { contentType: "text/html" });
    await source.delete(RASPBERRY, "unit/1.html");
    await source.put(RASPBERRY, "unit/new.html", "new");
    const { lagSeconds } = await compared();
    expect(await listing(own, "pi")).toEqual(await listing(source, RASPBERRY));
    expect(lagSeconds).toBeLessThan(10);
  });

  it("copies a large object as a whole, and sees that another one has its size", async () => {
    for (const text of ["one", "two"]) {
      await putLarge(text);
      await compared();
      expect(await digest(own, "pi", "film.mp4")).toBe(await digest(source, RASPBERRY, "film.mp4"));
    }
    await compared();
    const { requests } = way;
    requests.length = 0;
    await compared();
    expect(requests.filter(({ object, container }) => object !== undefined && container === RASPBERRY)).toEqual([]);
  });

  it("changes nothing in an outage of the source, and goes on after it", async () => {
    const before = await listing(own, "pi");
    await source.put(RASPBERRY, "during.html", "stored in the outage");
    for (const fault of [503, "html", "truncate", "reset"] as const) {
      way.fault = () => fault;
      const { problem } = await compared("outage");
      expect(problem).toMatch(/127\.0\.0\.1:8081|an answer broke off/);
    }
    expect(await listing(own, "pi")).toEqual(before.filter(([name]) => name !== "during.html"));
    way.fault = () => undefined;
    await compared();
    expect(await listing(own, "pi")).toEqual(await listing(source, RASPBERRY));
  });

  it("leaves the object of before where a copy breaks off", async () => {
    await source.put(RASPBERRY, "broken.bin", Buffer.alloc(3_000_000, "first"));
    await compared();
    const before = await digest(own, "pi", "broken.bin");
    way.fault = ({ object }) => (object === "broken.bin" ? "truncate" : undefined);
    await source.put(RASPBERRY, "broken.bin", Buffer.alloc(3_000_000, "again"));
    const { problem } = await compared("different");
    expect(problem).toMatch(/^"broken\.bin" can't be copied: an answer broke off/);
    expect(await digest(own, "pi", "broken.bin")).toBe(before);
    way.fault = () => undefined;
    await compared();
    expect(await digest(own, "pi", "broken.bin")).not.toBe(before);
  });

  it("holds a mass deletion until the author says that it was meant", async () => {
    const all = await source.list(RASPBERRY);
    await Promise.all(all.map(({ name }) => source.delete(RASPBERRY, name)));
    const { held, problem } = await compared("different");
    expect(held).toBe(all.length);
    expect(problem).toContain("an object .emptied-on-purpose in container raspberry there says that it was meant");
    expect(await own.list("pi")).toHaveLength(all.length);
    await source.put(RASPBERRY, "kept.html", "kept");
    await source.put(RASPBERRY, ".emptied-on-purpose", "");
    await compared();
    expect((await own.list("pi")).map(({ name }) => name)).toEqual([".emptied-on-purpose", "kept.html"]);
  });

  it("fills a store again that has lost everything", async () => {
    for (const { name } of await own.list("py4inf")) await own.delete("py4inf", name);
    await own.deleteContainer("py4inf");
    await host.container.until(10, "it is back", async () => (await own.listContainers()).includes("py4inf"));
    await host.container.until(10, "it is full", async () => (await own.list("py4inf")).length > 0);
    expect(await listing(own, "py4inf")).toEqual(await listing(source, "py4inf"));
  });

  it("restarts nothing when its step is run again, and says what is wrong with the source", async () => {
    const run = () => sh("systemctl show --property=InvocationID --value content-mirror");
    const before = await run();
    expect((await step()).stderr).toBe("");
    expect(await run()).toBe(before);
    way.authFault = () => 503;
    const away = await step();
    expect(away).toMatchObject({ code: 0, stderr: "" });
    expect(away.stdout).toContain("warning: the region that is mirrored is away, nothing is copied until it is back");
    way.authFault = () => undefined;
    const refused = await step(undefined, { ...READER, apiKey: "not-the-key" });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^content-mirror: error: the region that is mirrored: .* refused the user name or the/,
    );
    expect(refused.stdout + refused.stderr).not.toContain("not-the-key");
    expect((await step()).stderr).toBe("");
  });

  it("is hardened, shows no secret, and is undone", async () => {
    const report = await sh("systemd-analyze security --no-pager content-mirror.service | tail -n 1");
    expect(Number(/: ([\d.]+) /.exec(report)?.[1])).toBeLessThanOrEqual(2);
    // The brackets keep the search from finding itself.
    const found = await sh(
      "{ grep -laE 'reader-ke[y]|mirror-ke[y]' /proc/[0-9]*/cmdline /proc/[0-9]*/environ; journalctl | grep -E 'reader-ke[y]|mirror-ke[y]'; } 2>/dev/null || true",
    );
    expect(found).toBe("");
    for (const _ of ["once", "twice"]) expect(await step("bash ./remove.sh")).toMatchObject({ code: 0, stderr: "" });
    const left = await sh(
      "ls -d /opt/content-mirror /etc/content-mirror /var/lib/content-mirror /etc/systemd/system/content-mirror* 2>/dev/null; getent passwd content-mirror; true",
    );
    expect(left).toBe("");
  });
});

import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ListingMemory, SwiftObject } from "../swift/client";
import { SwiftClient } from "../swift/client";
import { parseCredentials, type SwiftCredentials } from "../swift/credentials";
import { SwiftError } from "../swift/errors";
import type { Fault } from "./support/faults";
import { SwiftDouble } from "./support/swiftDouble";

let store: SwiftDouble;
let client: SwiftClient;

beforeEach(async () => {
  store = await new SwiftDouble().start();
  client = new SwiftClient(store.credentials, { timeoutMs: 300 });
  store.createContainer("c");
});

afterEach(async () => {
  client.close();
  await store.stop();
});

async function textOf(object: SwiftObject): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of object.chunks) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("signing in", () => {
  const application: SwiftCredentials = {
    auth: "keystone",
    authUrl: "",
    applicationCredentialId: "id",
    applicationCredentialSecret: "secret",
  };
  test.each([
    ["v1.0", () => store.credentials],
    ["Keystone, with a password", () => store.keystoneCredentials],
    [
      "Keystone, with an application credential; its URL without /v3",
      () => ({ ...application, authUrl: `${store.url}/` }),
    ],
  ])("%s", async (_name, credentials) => {
    expect(await new SwiftClient(credentials()).listContainers()).toEqual(["c"]);
  });

  test("once for many requests, and once more when the token has expired", async () => {
    await Promise.all(Array.from({ length: 10 }, () => client.list("c")));
    expect(store.signIns).toBe(1);
    store.expireTokens();
    await Promise.all(Array.from({ length: 10 }, () => client.list("c")));
    expect(store.signIns).toBe(2);
  });

  test("a refusal is told apart from an outage, and tried again next time", async () => {
    store.authFault = () => 401;
    await expect(client.list("c")).rejects.toMatchObject({
      kind: "auth",
      message: expect.stringMatching(/refused the user name or the api key \(401 from http.*auth\/v1\.0\)/),
    });
    store.authFault = () => 503;
    await expect(client.list("c")).rejects.toMatchObject({ kind: "outage" });
    store.authFault = () => "html";
    await expect(client.list("c")).rejects.toMatchObject({
      kind: "outage",
      message: expect.stringContaining("is it the auth URL?"),
    });
    store.authFault = () => undefined;
    expect(await client.list("c")).toEqual([]);
  });

  test("a region without an object store: said with those that have one", async () => {
    const elsewhere = new SwiftClient({ ...store.keystoneCredentials, region: "mars" } as SwiftCredentials);
    await expect(elsewhere.list("c")).rejects.toMatchObject({
      kind: "auth",
      message: expect.stringContaining("in region mars; it has one in: dev"),
    });
  });

  test.each([
    ["http://127.0.0.1:1/auth/v1.0", "http://127.0.0.1:1 cannot be reached: connection refused"],
    [
      "http://no-such-host.invalid/auth/v1.0",
      "http://no-such-host.invalid cannot be reached: its host name is not known",
    ],
  ])("unreachable: %s", async (authUrl, message) => {
    const lost = new SwiftClient({ ...store.credentials, authUrl } as SwiftCredentials);
    await expect(lost.list("c")).rejects.toMatchObject({ kind: "outage", message });
  });
});

describe("a listing", () => {
  test("is paged to its end, in the order of bytes", async () => {
    const names = ["a", "Z", "한", "\ue000", "😀", ...Array.from({ length: 20 }, (_, i) => `f${i}`)];
    for (const name of names) store.put("c", name, name);
    for (const pageSize of [1, 5, 24, 25, 26]) {
      const paged = new SwiftClient(store.credentials, { pageSize });
      expect((await paged.list("c")).map(({ name }) => name).sort()).toEqual([...names].sort());
    }
    expect((await client.list("c", "f1")).map(({ name }) => name)[0]).toBe("f1");
  });

  test("gives signs of life while a page of it comes", async () => {
    for (let i = 0; i < 5_000; i++) store.put("c", `a name of some length, number ${i}`, "");
    let chunks = 0;
    for await (const page of client.listPages("c", "", {}, () => chunks++)) expect(page).toHaveLength(5_000);
    expect(chunks).toBeGreaterThan(3);
  });

  test("that is known is asked for in parts, and is complete whatever has come and gone", async () => {
    const paged = new SwiftClient(store.credentials, { pageSize: 10 });
    const memory: ListingMemory = {};
    const list = async () => {
      store.requests.length = 0;
      const names: string[] = [];
      for await (const page of paged.listPages("c", "d/", memory)) names.push(...page.map(({ name }) => name));
      const markers = store.requests.map(({ query }) => query.get("marker"));
      return { names, requests: store.requests.length, markers: markers.sort() };
    };
    const stored = new Set<string>();
    const expected = () => [...stored].sort();
    const put = (name: string) => {
      stored.add(name);
      store.put("c", name, "x");
    };
    const remove = (name: string) => {
      stored.delete(name);
      store.delete("c", name);
    };
    for (let i = 10; i < 60; i++) put(`d/${i}`);
    store.put("c", "e", "x");
    expect((await list()).requests).toBe(6);
    const second = await list();
    expect(second).toMatchObject({ names: expected(), requests: 6 });
    expect(second.markers).toEqual(["", "d/18", "d/27", "d/36", "d/45", "d/54"]);
    // What a cut was made at goes, much comes before and behind it, and at the very end.
    remove("d/18");
    for (let i = 0; i < 25; i++) put(`d/18-${String(i).padStart(2, "0")}`);
    for (let i = 0; i < 15; i++) put(`d/9${i}`);
    expect((await list()).names.sort()).toEqual(expected());
    for (let i = 10; i < 60; i++) remove(`d/${i}`);
    expect((await list()).names.sort()).toEqual(expected());
    for (const name of expected().slice(3)) remove(name);
    expect((await list()).names).toEqual(expected());
    expect(await list()).toMatchObject({ names: expected(), requests: 1 });
    // Nearly a page is still one.
    for (let i = 0; i < 6; i++) put(`d/a${i}`);
    await list();
    expect(await list()).toMatchObject({ names: expected(), requests: 1 });
  });

  test("in parts, a part that fails in passing is asked for again, and one that fails for good is an outage", async () => {
    const paged = new SwiftClient(store.credentials, { pageSize: 10 });
    const memory: ListingMemory = {};
    const list = async () => {
      let rows = 0;
      for await (const page of paged.listPages("c", "", memory)) rows += page.length;
      return rows;
    };
    for (let i = 10; i < 60; i++) store.put("c", `f${i}`, "x");
    await list();
    let failures = 0;
    store.fault = ({ query }) => (query.get("marker") === "f27" && failures++ === 0 ? "html" : undefined);
    expect(await list()).toBe(50);
    store.fault = ({ query }) => (query.get("marker") === "f27" ? 503 : undefined);
    await expect(list()).rejects.toMatchObject({ kind: "outage" });
    store.fault = () => undefined;
    expect(await list()).toBe(50);
  });

  const outages: Fault[] = [
    503,
    204,
    "html",
    "reset",
    "truncate",
    "hang",
    { body: "{}" },
    { body: '[{"name":"x"}]' },
    { body: '[{"name":"x","hash":"h","bytes":-1,"last_modified":""}]' },
  ];
  test.each(outages)("that comes as %j is an outage", async (fault) => {
    store.put("c", "a", "a");
    await client.list("c");
    store.fault = () => fault;
    await expect(client.list("c")).rejects.toMatchObject({ name: "SwiftError", kind: "outage" });
  });

  test("of a container that is not there", async () => {
    await expect(client.list("nope")).rejects.toMatchObject({
      kind: "notFound",
      message: expect.stringMatching(/no container nope at 127/),
    });
  });

  test("that may not be read", async () => {
    store.fault = () => 403;
    await expect(client.list("c")).rejects.toMatchObject({ kind: "auth" });
  });
});

describe("objects", () => {
  test.each(["a b", "한글/파일", "q?a=b#c", "100%", "../up", "a/./b", "+"])(
    "%j is stored and read under this very name",
    async (name) => {
      expect(await client.put("c", name, "content")).toBe(createHash("md5").update("content").digest("hex"));
      expect((await client.list("c")).map((object) => object.name)).toEqual([name]);
      const object = await client.get("c", name);
      expect([object.bytes, await textOf(object)]).toEqual([7, "content"]);
      expect((await client.head("c", name)).etag).toBe(object.etag);
      await client.delete("c", name);
      await expect(client.get("c", name)).rejects.toMatchObject({ kind: "notFound" });
      await expect(client.delete("c", name)).rejects.toMatchObject({ kind: "notFound" });
    },
  );

  test("a stream that breaks off stores nothing, and says why", async () => {
    const broken = async function* () {
      yield Buffer.from("one ");
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new SwiftError("outage", "the source broke off");
    };
    await expect(client.put("c", "s", Readable.from(broken()), { bytes: 7 })).rejects.toThrow("the source broke off");
    expect(await client.list("c")).toEqual([]);
  });

  test("a stream is stored, its bytes verified", async () => {
    const md5 = await client.put("c", "s", Readable.from([Buffer.from("one "), Buffer.from("two")]), { bytes: 7 });
    expect(md5).toBe(createHash("md5").update("one two").digest("hex"));
    expect(await textOf(await client.get("c", "s"))).toBe("one two");
  });

  test("other bytes than announced are refused", async () => {
    await expect(client.put("c", "a", "content", { md5: "0".repeat(32) })).rejects.toMatchObject({
      kind: "outage",
      status: 422,
    });
  });

  test("a body that breaks off or stops is an outage", async () => {
    store.put("c", "a", "content");
    store.fault = () => "truncate";
    await expect(client.get("c", "a").then(textOf)).rejects.toMatchObject({ kind: "outage" });
  });

  test("a connection that the server closed while it was idle is no outage", async () => {
    let connections = 0;
    // Answers one request on each connection, and closes it when the next one comes.
    const server = createServer((socket) => {
      connections++;
      let answered = 0;
      socket.on("error", () => {});
      socket.on("data", () => {
        if (++answered > 1) socket.resetAndDestroy();
        else
          socket.write(
            `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Auth-Token: t\r\nX-Storage-Url: http://127.0.0.1:${port}/v1/a\r\n\r\n[]`,
          );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const impatient = new SwiftClient({
      auth: "v1",
      authUrl: `http://127.0.0.1:${port}/auth/v1.0`,
      username: "u",
      apiKey: "k",
    });
    for (let i = 0; i < 3; i++) expect(await impatient.list("c")).toEqual([]);
    expect(connections).toBeGreaterThan(2);
    impatient.close();
    server.close();
  });
});

describe("containers", () => {
  test("are created, listed, deleted", async () => {
    await client.createContainer("new");
    await client.createContainer("new");
    expect(await client.listContainers()).toEqual(["c", "new"]);
    store.put("new", "a", "a");
    await expect(client.deleteContainer("new")).rejects.toMatchObject({ status: 409 });
    await client.delete("new", "a");
    await client.deleteContainer("new");
    await expect(client.head("new")).rejects.toMatchObject({ kind: "notFound" });
  });
});

test.each(["before", "within"] as const)("what is stopped %s the answer ends with the reason to stop", async (when) => {
  const stop = new AbortController();
  const stopped = new SwiftClient(store.credentials, { signal: stop.signal });
  store.put("c", "a", "x".repeat(1024 ** 2));
  const object = await stopped.get("c", "a");
  const reason = new Error("Interrupted");
  if (when === "before") {
    store.listingMs = 5_000;
    setTimeout(() => stop.abort(reason), 50);
    await expect(stopped.list("c")).rejects.toBe(reason);
    store.listingMs = 0;
    return;
  }
  stop.abort(reason);
  await expect(textOf(object)).rejects.toBe(reason);
});

test("nothing that goes wrong tells a key or a token", async () => {
  const faults: Fault[] = [401, 403, 404, 500, "html", "reset", "hang"];
  for (const fault of faults) {
    for (const where of ["fault", "authFault"] as const) {
      store.fault = () => (where === "fault" ? fault : undefined);
      store.authFault = () => (where === "authFault" ? fault : undefined);
      const fresh = new SwiftClient(store.credentials, { timeoutMs: 100 });
      const error: Error = await fresh.list("c").then(
        () => new Error("no error"),
        (error) => error,
      );
      expect(error.message).not.toMatch(/secret|token-\d|no error/);
    }
  }
});

describe("credentials from a file", () => {
  test("are taken as they are where they are right", () => {
    for (const credentials of [store.credentials, store.keystoneCredentials])
      expect(parseCredentials(credentials)).toEqual({ credentials });
  });

  test.each([
    [null, ["must be a JSON object"]],
    [{ auth: "basic" }, ['auth: must be "v1" (TempAuth, SoftLayer) or "keystone"']],
    [{ auth: "v1", authUrl: "x", username: "" }, ["authUrl: must be a URL", "username: must be", "apiKey: must be"]],
    [{ auth: "keystone", authUrl: "http://x", applicationCredentialId: "i" }, ["applicationCredentialSecret: must be"]],
    [
      { auth: "keystone", authUrl: "http://x", project: "p", username: "u", password: "p", apiKey: "k" },
      ["apiKey: unknown key"],
    ],
  ])("%j", (value, problems) => {
    const result = parseCredentials(value);
    if (!("problems" in result)) throw new Error("taken as right");
    expect(result.problems).toHaveLength(problems.length);
    for (const [i, problem] of problems.entries()) expect(result.problems[i]).toContain(problem);
  });
});

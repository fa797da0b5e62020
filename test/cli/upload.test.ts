import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Course } from "../../cli/lib/stackConfig";
import { type UploadOptions, upload } from "../../cli/lib/upload";
import { SwiftClient } from "../../swift/client";
import type { StoreRequest } from "../support/faults";
import { SwiftDouble } from "../support/swiftDouble";

const course: Course = {
  name: "py4inf",
  title: "Python",
  description: "",
  english: { title: "Python", description: "" },
  container: "py4inf",
  source: "py4inf_html",
  path: "py4inf",
  subdomain: "py4inf",
  contentSecurityPolicy: "default-src 'self'",
  settle: { seconds: 0.7, limitSeconds: 30 },
};

let swift: SwiftDouble;
let client: SwiftClient;
let folder: string;

beforeEach(async () => {
  swift = await new SwiftDouble().start();
  swift.createContainer("py4inf");
  client = new SwiftClient(swift.credentials, { timeoutMs: 2000 });
  folder = mkdtempSync(join(tmpdir(), "xwmooc-upload-"));
});

afterEach(async () => {
  client.close();
  await swift.stop();
  rmSync(folder, { recursive: true });
});

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

const send = (options?: UploadOptions) => upload(client, course, folder, { retrySeconds: 0.01, ...options });
const sent = (method: string) => swift.requests.filter((one) => one.method === method).map((one) => one.object);
const stored = async () => (await client.list("py4inf")).map((object) => object.name).sort();

describe("upload", () => {
  it("stores the folder's content below the course's source, with its types", async () => {
    write({ "index.html": "<p>1</p>", "img/a.png": "png", "img/그림.png": "png", "data/x.unknown": "?" });
    expect(await send()).toMatchObject({ files: 4, unchanged: 0, uploaded: 4, failed: [], skipped: [] });
    const types = (await client.list("py4inf")).map(({ name, contentType }) => [name, contentType]);
    expect(Object.fromEntries(types)).toEqual({
      "py4inf_html/data/x.unknown": "application/octet-stream",
      "py4inf_html/img/a.png": "image/png",
      "py4inf_html/img/그림.png": "image/png",
      "py4inf_html/index.html": "text/html; charset=utf-8",
    });
  });

  it("sends only what differs, a change of the same size included", async () => {
    write({ "index.html": "one", "a.css": "two" });
    await send();
    swift.requests.length = 0;
    expect(await send()).toMatchObject({ unchanged: 2, uploaded: 0 });
    expect(sent("PUT")).toEqual([]);
    write({ "index.html": "eno" });
    expect(await send()).toMatchObject({ unchanged: 1, uploaded: 1 });
    expect(sent("PUT")).toEqual(["py4inf_html/index.html"]);
  });

  it("sends pages after everything else, and the start page last", async () => {
    write({ "index.html": "i", "a.html": "a", "sub/index.html": "s", "z.png": "z", "y.css": "y" });
    await send();
    const order = sent("PUT");
    expect(order.slice(0, 2).sort()).toEqual(["py4inf_html/y.css", "py4inf_html/z.png"]);
    expect(order.at(-1)).toBe("py4inf_html/index.html");
  });

  it("goes on where it was cut off", async () => {
    write(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i}.png`, `${i}`])));
    const down = ({ method, object }: StoreRequest) =>
      method === "PUT" && object?.match(/[0-4]\.png/) ? 503 : undefined;
    swift.fault = down;
    const first = await send();
    expect(first.failed.length).toBe(7);
    expect(first.failed[0]?.reason).toMatch(/503/);
    swift.fault = () => undefined;
    swift.requests.length = 0;
    expect(await send()).toMatchObject({ unchanged: 5, uploaded: 7, failed: [] });
    expect(sent("PUT").length).toBe(7);
  });

  it("does not send pages whose pictures failed, and gives up when the store has gone away", async () => {
    write(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i}.png`, `${i}`])));
    write({ "index.html": "i" });
    swift.fault = ({ method }) => (method === "PUT" ? 503 : undefined);
    const { uploaded, failed } = await send();
    expect(uploaded).toBe(0);
    expect(failed.length).toBeGreaterThanOrEqual(10);
    expect(failed.length).toBeLessThan(20);
    expect(sent("PUT")).not.toContain("py4inf_html/index.html");
  });

  it("tries again after a passing failure", async () => {
    write({ "a.png": "a" });
    let failures = 1;
    swift.fault = ({ method }) => (method === "PUT" && failures-- > 0 ? 503 : undefined);
    expect(await send()).toMatchObject({ uploaded: 1, failed: [] });
  });

  it("signs in again where the token expires before a large file", async () => {
    write({ "a.png": "a" });
    await send();
    swift.expireTokens();
    write({ "large.bin": "x".repeat(9 * 1024 ** 2) });
    expect(await send()).toMatchObject({ uploaded: 1, failed: [] });
  });

  it("tells of a file that vanished meanwhile, small or large, and sends the others", async () => {
    write({ "a.png": "a", "b.png": "b", "large.bin": "x".repeat(9 * 1024 ** 2) });
    swift.onListed = () => {
      rmSync(join(folder, "b.png"), { force: true });
      rmSync(join(folder, "large.bin"), { force: true });
    };
    const { uploaded, failed } = await send();
    expect(uploaded).toBe(1);
    expect(failed.map(({ name, reason }) => `${name}: ${reason}`).sort()).toEqual([
      "b.png: it vanished while the others were uploaded",
      "large.bin: it vanished while the others were uploaded",
    ]);
  });

  it("with delete, finds nothing wrong in what somebody else has deleted meanwhile", async () => {
    write({ "index.html": "i" });
    swift.put("py4inf", "py4inf_html/old.html", "o");
    swift.fault = ({ method }) => (method === "DELETE" ? 404 : undefined);
    expect(await send({ delete: true })).toMatchObject({ deleted: 1, failed: [] });
  });

  it("with delete, removes what the folder does not have, and nothing outside the course's source", async () => {
    write({ "index.html": "i", "kept/a.png": "a", ".hidden": "h", "real/x": "x" });
    symlinkSync("real", join(folder, "linked"));
    for (const name of ["old.html", "kept", "kept/", "gone/", ".hidden", "linked/x"])
      swift.put("py4inf", `py4inf_html/${name}`, "");
    swift.put("py4inf", "elsewhere.html", "e");
    expect(await send()).toMatchObject({ deleted: 0 });
    expect(await send({ delete: true })).toMatchObject({ deleted: 2, unchanged: 3 });
    expect(await stored()).toEqual([
      "elsewhere.html",
      "py4inf_html/.hidden",
      "py4inf_html/index.html",
      "py4inf_html/kept",
      "py4inf_html/kept/",
      "py4inf_html/kept/a.png",
      "py4inf_html/linked/x",
      "py4inf_html/real/x",
    ]);
  });

  it("follows links inside the folder and tells of everything it leaves out", async () => {
    write({ "page.html": "p", ".git/config": "g", ".well-known/security.txt": "s", "sub/b.png": "b" });
    symlinkSync("page.html", join(folder, "index.html"));
    symlinkSync("/etc/passwd", join(folder, "outside.txt"));
    symlinkSync("nowhere", join(folder, "dangling.txt"));
    symlinkSync("sub", join(folder, "linked"));
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff])]), "x");
    const { uploaded, skipped } = await send();
    expect(uploaded).toBe(4);
    expect(skipped.map(({ name, reason }) => `${name}: ${reason}`).sort()).toEqual([
      ".git: hidden files are not served",
      "bad\ufffd: its name is not UTF-8",
      "dangling.txt: a link to something that is not there",
      "linked: a link to a folder",
      "outside.txt: a link to something outside of the folder",
    ]);
    expect(await stored()).toContain("py4inf_html/index.html");
  });
});

describe("upload that can't work says why", () => {
  it.each([
    ["a missing folder", () => "/nowhere/at/all", /\/nowhere\/at\/all does not exist/],
    ["a file", () => join(folder, "file"), /file is not a folder/],
    ["an empty folder", () => join(folder, "empty"), /empty has no files/],
  ])("%s", async (_, where, message) => {
    write({ file: "f" });
    mkdirSync(join(folder, "empty"));
    await expect(upload(client, course, where())).rejects.toThrow(message);
  });

  it("a wrong key", async () => {
    write({ "a.png": "a" });
    const wrong = new SwiftClient({ ...swift.credentials, apiKey: "wrong-key" } as never);
    const error = await upload(wrong, course, folder).catch((reason: Error) => reason);
    expect(error).toMatchObject({ kind: "auth" });
    expect((error as Error).message).not.toContain("wrong-key");
  });

  it("a store that can't be reached", async () => {
    write({ "a.png": "a" });
    const nobody = new SwiftClient({
      auth: "v1",
      authUrl: "http://127.0.0.1:9/auth/v1.0",
      username: "a:b",
      apiKey: "k",
    });
    await expect(upload(nobody, course, folder)).rejects.toMatchObject({
      kind: "outage",
      message: expect.stringContaining("127.0.0.1:9"),
    });
  });

  it("a container that is not there", async () => {
    write({ "a.png": "a" });
    swift.deleteContainer("py4inf");
    await expect(send()).rejects.toMatchObject({ kind: "notFound", message: expect.stringContaining("py4inf") });
  });
});

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LocalFile } from "../../cli/lib/localFiles";
import { Lane } from "../../cli/lib/progress";
import { askHttp, waitForSite } from "../../cli/lib/site";
import type { StackOutputs } from "../../cli/lib/stack";

const files: LocalFile[] = Array.from({ length: 40 }, (_, i) => ({ name: `쪽 ${i}.html`, path: "", bytes: i }));

let server: Server;
let outputs: StackOutputs;
/** Bytes by decoded path. */
let site: Map<string, number>;
let lines: string[];
const lane = new Lane("site", Date.now(), (text) => lines.push(text));

beforeEach(async () => {
  site = new Map();
  lines = [];
  server = createServer((request, response) => {
    const bytes = site.get(decodeURIComponent(request.url ?? ""));
    response.writeHead(bytes === undefined ? 404 : 200, { "Content-Length": bytes ?? 0 }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  outputs = { courseUrls: { pi: `${url}/pi/`, scloud: `${url}/scloud/` } } as unknown as StackOutputs;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function publish(course: string, some = files): void {
  site.set(`/${course}/`, 1);
  for (const { name, bytes } of some) site.set(`/${course}/${name}`, bytes);
}

const wait = (patienceSeconds = 5) =>
  waitForSite(outputs, new Map([["pi", files]]), lane, { lookSeconds: 0.05, patienceSeconds });

describe("waiting for the site", () => {
  it("ends at once when it serves everything", async () => {
    publish("pi");
    publish("scloud", []);
    await wait();
    expect(lines).toEqual([expect.stringContaining("all 2 courses are published")]);
  });

  it("goes on until every file is there in its size", async () => {
    publish("scloud", []);
    publish("pi", files.slice(0, 30));
    site.set("/pi/쪽 5.html", 4711);
    const done = wait();
    await expect.poll(() => lines.join("")).toContain("pi 29 of 40 files");
    publish("pi");
    await done;
  });

  it("names what is missing when nothing new comes", async () => {
    publish("pi", files.slice(0, 16));
    await expect(wait(0.2)).rejects.toThrow("pi 16 of 40 files, scloud answers 404");
  });

  it("says why there is no answer", async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await askHttp(`http://127.0.0.1:${port}/`)).toEqual({ status: "ECONNREFUSED" });
  });
});

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** GitHub, as far as a workflow's comments and issues go: it notes what it is asked to write, and changes nothing. */
export class GitHubDouble {
  /** What it was asked to write. */
  readonly written: { call: string; body: unknown }[] = [];
  /** Of any pull request. */
  comments: { id: number; body: string }[] = [];
  issues: { number: number; title: string; pull_request?: object }[] = [];
  /** How it answers. */
  status = 200;
  readonly #server = createServer((request, response) => {
    void this.#answer(request).then(([status, body]) => response.writeHead(status).end(JSON.stringify(body)));
  });

  /** @returns what a workflow's environment says of it */
  async start(): Promise<Record<string, string>> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    return {
      GITHUB_API_URL: `http://127.0.0.1:${port}`,
      GITHUB_REPOSITORY: "xwmooc/courses",
      GITHUB_TOKEN: "token",
    };
  }

  stop(): void {
    this.#server.close();
  }

  async #answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    if (request.headers.authorization !== "Bearer token") return [401, {}];
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const path = pathname.replace("/repos/xwmooc/courses", "");
    if (request.method !== "GET") {
      this.written.push({ call: `${request.method} ${path}`, body: await json(request) });
      return [this.status, {}];
    }
    const all: unknown[] = path.endsWith("/comments") ? this.comments : this.issues;
    const from = (Number(searchParams.get("page")) - 1) * 100;
    return [this.status, all.slice(from, from + 100)];
  }
}

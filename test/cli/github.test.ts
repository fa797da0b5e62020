import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GitHub } from "../../cli/lib/github";

let server: Server;
let github: GitHub;
/** What GitHub was asked to write. */
let written: { call: string; body: unknown }[];
let comments: { id: number; body: string }[];
let issues: { number: number; title: string; pull_request?: object }[];
let status: number;

beforeEach(async () => {
  written = [];
  comments = [];
  issues = [];
  status = 200;
  server = createServer((request, response) => {
    void answer(request).then((body) => response.writeHead(status).end(JSON.stringify(body)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  github = new GitHub({
    GITHUB_API_URL: `http://127.0.0.1:${port}`,
    GITHUB_REPOSITORY: "xwmooc/courses",
    GITHUB_TOKEN: "token",
  });
});
afterEach(() => server.close());

async function answer(request: IncomingMessage): Promise<unknown> {
  expect(request.headers.authorization).toBe("Bearer token");
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const path = pathname.replace("/repos/xwmooc/courses", "");
  if (request.method !== "GET") {
    written.push({ call: `${request.method} ${path}`, body: await json(request) });
    return {};
  }
  const all: unknown[] = path.endsWith("/comments") ? comments : issues;
  const from = (Number(searchParams.get("page")) - 1) * 100;
  return all.slice(from, from + 100);
}

it("a comment is written once and then kept up to date, however many others there are", async () => {
  comments = Array.from({ length: 100 }, (_, id) => ({ id, body: "a person's" }));
  await github.comment(7, "preview of tokyo2", "first");
  comments.push(
    { id: 501, body: "<!-- preview of hongkong -->\n" },
    { id: 502, body: "<!-- preview of tokyo2 -->\nfirst" },
  );
  await github.comment(7, "preview of tokyo2", "second");
  expect(written).toEqual([
    { call: "POST /issues/7/comments", body: { body: "<!-- preview of tokyo2 -->\nfirst" } },
    { call: "PATCH /issues/comments/502", body: { body: "<!-- preview of tokyo2 -->\nsecond" } },
  ]);
});

it("an issue is opened, brought up to date, closed; a pull request of the same title is not taken for it", async () => {
  issues = [{ number: 1, title: "Drift", pull_request: {} }];
  await github.openIssue("Drift", "text");
  await github.closeIssue("Drift", "none any more");
  issues.push({ number: 2, title: "Drift" });
  await github.openIssue("Drift", "newer");
  await github.closeIssue("Drift", "none any more");
  expect(written).toEqual([
    { call: "POST /issues", body: { title: "Drift", body: "text" } },
    { call: "PATCH /issues/2", body: { body: "newer" } },
    { call: "POST /issues/2/comments", body: { body: "none any more" } },
    { call: "PATCH /issues/2", body: { state: "closed" } },
  ]);
});

it("what GitHub refuses is said with the remedy", async () => {
  status = 403;
  await expect(github.comment(7, "a", "b")).rejects.toThrow(
    "GitHub answers 403 to GET /issues/7/comments: the workflow's permissions must let it write there.",
  );
  expect(() => new GitHub({})).toThrow("To write to GitHub, set GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN.");
});

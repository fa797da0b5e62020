import { chmodSync, rmSync } from "node:fs";
import * as http from "node:http";
import { readBody } from "../../../swift/http";
import { RefusedRequest } from "./rollback";
import type { ReleaseStatus, Status } from "./status";

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** What the control socket can be asked of a course. @throws RefusedRequest where that can't be done */
export interface CourseControls {
  approve(): { approved: number };
  releases(): ReleaseStatus[];
  /** Older than what visitors see, by default. */
  rollback(release?: string): { release: string };
  /** What visitors see, by default. */
  pin(release?: string): { release: string };
  unpin(): { release: string | undefined };
  publish(): Record<string, never>;
  /** These objects of the container were stored just now. */
  announce(objects: string[]): Record<string, never>;
}

/** What the control socket can be asked. */
export interface Controls {
  status(): Status;
  course(name: string): CourseControls | undefined;
}

/** The service does not answer at its socket. */
export class NotRunning extends Error {}

/** Serves the controls by HTTP over a Unix socket, for root and the service's group. @throws where another one runs. */
export async function serveControls(socket: string, controls: Controls): Promise<http.Server> {
  if (await answers(socket)) throw new Error(`another site-publisher is running: it answers at ${socket}`);
  rmSync(socket, { force: true });
  const server = http.createServer(async (request, response) => {
    const { code, body } = await route(controls, request);
    response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o660);
  return server;
}

async function route(controls: Controls, request: http.IncomingMessage): Promise<{ code: number; body: unknown }> {
  const { method = "", url = "" } = request;
  if (method === "GET" && url === "/status") return { code: 200, body: controls.status() };
  const { pathname, searchParams } = new URL(url, "http://socket");
  const [, name, verb] = /^\/courses\/([^/]+)\/([a-z]+)$/.exec(pathname) ?? [];
  if (name === undefined) return { code: 404, body: { error: "unknown request" } };
  const course = controls.course(decodeURIComponent(name));
  if (course === undefined) {
    const known = controls.status().courses.map((one) => one.name);
    return { code: 404, body: { error: `no course ${decodeURIComponent(name)}; there are: ${known.join(", ")}` } };
  }
  const release = searchParams.get("release") ?? undefined;
  const answers: Record<string, () => unknown> = {
    "GET releases": () => course.releases(),
    "POST approve": () => course.approve(),
    "POST rollback": () => course.rollback(release),
    "POST pin": () => course.pin(release),
    "POST unpin": () => course.unpin(),
    "POST publish": () => course.publish(),
    "POST announce": async () => course.announce(await namesIn(request)),
  };
  const answer = answers[`${method} ${verb}`];
  if (answer === undefined) return { code: 404, body: { error: "unknown request" } };
  try {
    return { code: 200, body: await answer() };
  } catch (error) {
    return { code: error instanceof RefusedRequest ? 409 : 500, body: { error: (error as Error).message } };
  }
}

/** The body of an announcement: a JSON list of the objects' names. @throws RefusedRequest */
async function namesIn(request: http.IncomingMessage): Promise<string[]> {
  const body = (await readBody(request, { limit: MAX_BODY_BYTES })).toString("utf8");
  try {
    const names: unknown = JSON.parse(body);
    if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  } catch {
    // said below
  }
  throw new RefusedRequest('the body must be a JSON list of names, such as ["html/index.html"]');
}

/** Asks the running service. @throws NotRunning, or an Error with what the service said */
export async function ask<T>(socket: string, method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve, reject) => {
    const request = http.request({ socketPath: socket, method, path, timeout: 5_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ code: response.statusCode ?? 0, text }));
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", (error: NodeJS.ErrnoException) => {
      const denied = error.code === "EACCES";
      reject(
        new NotRunning(
          denied
            ? `no access to ${socket}: run it as root`
            : `site-publisher does not answer at ${socket}; is it running? (systemctl status site-publisher)`,
        ),
      );
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
  const answer = JSON.parse(text) as T & { error?: string };
  if (code !== 200) throw new Error(answer.error ?? `HTTP ${code}`);
  return answer;
}

async function answers(socket: string): Promise<boolean> {
  return await ask(socket, "GET", "/status").then(
    () => true,
    (error) => !(error instanceof NotRunning),
  );
}

import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, madeUp, parseRequest, type StoreRequest } from "./faults";

/** What can befall a request on its way to a real store, besides: the store gets it later, or its answer comes later. */
export type WayFault = Fault | "resetMidBody" | "hangMidBody" | { delayMs: number } | { lateMs: number };

/** A request that came by. */
export interface SeenRequest extends StoreRequest {
  /** Of the answer given; undefined where none was. */
  status: number | undefined;
  /** Of the answer's body that was sent. */
  bytes: number;
}

/** Not of the message but of one connection. */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding"];

/**
 * The way to a real Swift, which fails as told; bodies are streamed. An outdated listing is `{ body }` with one taken before.
 * Serve `handler` inside a container (`loopback.serve`), or `start` it on a free port of the loopback.
 */
export class FaultyStore {
  /** Asked before each request to the store (not of sign-ins). */
  fault: (request: StoreRequest) => WayFault | undefined = () => undefined;
  /** Asked before each sign-in. */
  authFault: () => WayFault | undefined = () => undefined;
  /** Every request to the store, in order. */
  readonly requests: SeenRequest[] = [];
  signIns = 0;
  private readonly agent = new http.Agent({ keepAlive: true });
  private readonly server = http.createServer((request, response) => this.handler(request, response));

  /** @param port where the real Swift answers on this machine's loopback */
  constructor(private readonly port: number) {}

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Once it is started. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Requests for an object's content. */
  get reads(): SeenRequest[] {
    return this.requests.filter(({ method, object }) => method === "GET" && object !== undefined);
  }

  readonly handler: http.RequestListener = (request, response) => {
    // Whatever breaks on the way breaks the connection, as it would without this.
    this.handle(request, response).catch(() => response.destroy());
  };

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const seen: SeenRequest = { ...parseRequest(method, url), status: undefined, bytes: 0 };
    const isSignIn = url.startsWith("/auth/");
    if (isSignIn) this.signIns++;
    else this.requests.push(seen);
    const fault = isSignIn ? this.authFault() : this.fault(seen);
    if (fault === "hang") request.resume();
    else if (fault === "reset") response.socket?.resetAndDestroy();
    else if (fault === undefined || fault === "truncate" || fault === "resetMidBody" || fault === "hangMidBody")
      await this.forward(request, response, seen, fault);
    else if (typeof fault === "object" && "delayMs" in fault) {
      await sleep(fault.delayMs);
      await this.forward(request, response, seen);
    } else if (typeof fault === "object" && "lateMs" in fault)
      await this.forward(request, response, seen, undefined, fault.lateMs);
    else {
      request.resume();
      const { status, body, headers } = madeUp(fault);
      Object.assign(seen, { status, bytes: Buffer.byteLength(body) });
      response.writeHead(status, headers).end(method === "HEAD" ? "" : body);
    }
  }

  /**
   * @param cut where only half of the body gets through, what happens then
   * @param lateMs how long the store's answer is held back
   */
  private async forward(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    seen: SeenRequest,
    cut?: "truncate" | "resetMidBody" | "hangMidBody",
    lateMs = 0,
  ): Promise<void> {
    const { method, url: path, headers } = request;
    // With the Host that it came with: the store makes its storage URL of it.
    const onward = http.request({ port: this.port, host: "127.0.0.1", method, path, headers, agent: this.agent });
    response.on("close", () => onward.destroy());
    const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
      onward.on("response", resolve);
      onward.on("error", reject);
    });
    // A store that answers before it has read everything is heard, too.
    pipeline(request, onward).catch(() => {});
    const answer = await answered;
    if (lateMs > 0) await sleep(lateMs);
    seen.status = answer.statusCode;
    const kept = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.includes(name));
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
    response.flushHeaders();
    // An answer without a body is whole with its head; the next one comes on the same connection.
    const length = method === "HEAD" ? 0 : Number(answer.headers["content-length"] ?? 0);
    const isCut = cut !== undefined && length > 0;
    const limit = isCut ? Math.floor(length / 2) : Number.POSITIVE_INFINITY;
    const upToLimit = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        const part = chunk.subarray(0, limit - seen.bytes);
        seen.bytes += part.length;
        yield part;
        if (seen.bytes >= limit) return;
      }
    };
    await pipeline(answer, upToLimit, response, { end: !isCut });
    if (isCut && cut === "truncate") response.socket?.destroySoon();
    if (isCut && cut === "resetMidBody") response.socket?.resetAndDestroy();
  }
}

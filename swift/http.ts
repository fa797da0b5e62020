import * as http from "node:http";
import * as https from "node:https";
import { addAbortSignal, type Readable } from "node:stream";
import { urlToHttpOptions } from "node:url";
import { SwiftError } from "./errors";

export interface HttpRequest {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  url: string;
  headers?: Record<string, string>;
  body?: Buffer | Readable;
}

/** What a client has cost the store and the line so far. */
export interface Traffic {
  requests: number;
  /** Heads included. */
  receivedBytes: number;
}

/** Ends a request when nothing has moved for `timeoutMs`, in either direction. Connections are kept and used again. */
export class HttpClient {
  readonly traffic: Traffic = { requests: 0, receivedBytes: 0 };
  private readonly agents = {
    "http:": new http.Agent({ keepAlive: true, keepAliveMsecs: 5_000 }),
    "https:": new https.Agent({ keepAlive: true, keepAliveMsecs: 5_000 }),
  };

  constructor(
    private readonly timeoutMs: number,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * Sends a request and resolves with the answer's head; its body is still to be read. Reading it fails where it ends too early.
   * @throws SwiftError "outage" where no answer came; the signal's reason where that ended it.
   */
  async send(request: HttpRequest): Promise<http.IncomingMessage> {
    try {
      return await this.attempt(request);
    } catch (error) {
      // The server may close an idle connection just when it is used again; that says nothing about the server.
      if (error instanceof StaleConnection && (request.body === undefined || Buffer.isBuffer(request.body))) {
        return await this.attempt(request);
      }
      throw error;
    }
  }

  /** Closes the idle connections. */
  close(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private attempt({ method, url, headers, body }: HttpRequest): Promise<http.IncomingMessage> {
    const target = new URL(url);
    const tls = target.protocol === "https:";
    return new Promise((resolve, reject) => {
      const request = (tls ? https : http).request({
        ...urlToHttpOptions(target),
        // Taken as it is: URL would resolve a `..` in an object's name.
        path: url.replace(/^https?:\/\/[^/]*/, ""),
        method,
        agent: tls ? this.agents["https:"] : this.agents["http:"],
        timeout: this.timeoutMs,
        ...(headers && { headers }),
        ...(this.signal && { signal: this.signal }),
      });
      let answer: http.IncomingMessage | undefined;
      request.on("timeout", () => {
        const silence = `${target.origin} did not answer within ${this.timeoutMs / 1000} s`;
        (answer ?? request).destroy(new SwiftError("outage", silence, undefined, true));
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        if (error instanceof SwiftError) reject(error);
        else if (isAbort(error)) reject(error.cause);
        else if (request.reusedSocket && error.code === "ECONNRESET") reject(new StaleConnection(target.origin));
        else reject(new SwiftError("outage", `${target.origin} cannot be reached: ${inWords(error)}`));
      });
      request.on("socket", (socket) => {
        const before = socket.bytesRead;
        request.on("close", () => {
          this.traffic.receivedBytes += socket.bytesRead - before;
        });
      });
      request.on("response", (response) => {
        answer = response;
        if (this.signal) addAbortSignal(this.signal, response);
        resolve(response);
      });
      this.traffic.requests++;
      if (body === undefined || Buffer.isBuffer(body)) request.end(body);
      else {
        // What ends the body (a file that vanishes) says nothing about the store.
        body.on("error", (error) => {
          reject(error);
          request.destroy(error);
        });
        body.pipe(request);
      }
    });
  }
}

/**
 * Reads a body to its end.
 * @param onChunk called as each part of it comes
 * @throws SwiftError "outage" where the connection broke or the body is over `limit` bytes
 */
export async function readBody(
  response: http.IncomingMessage,
  { limit = 64 * 1024 * 1024, onChunk = () => {} }: { limit?: number; onChunk?: (() => void) | undefined } = {},
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response)) {
    onChunk();
    length += chunk.length;
    if (length > limit) throw new SwiftError("outage", `an answer was longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The chunks of a body. @throws SwiftError "outage" where it broke off; the signal's reason where that ended it. */
export async function* chunksOf(response: http.IncomingMessage): AsyncGenerator<Buffer> {
  let length = 0;
  try {
    for await (const chunk of response) {
      length += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  } catch (error) {
    if (error instanceof SwiftError) throw error;
    if (isAbort(error)) throw (error as Error).cause;
    throw new SwiftError("outage", `an answer broke off after ${length} bytes`);
  }
  if (!response.complete) throw new SwiftError("outage", `an answer broke off after ${length} bytes`);
}

/** Whether it was ended by the signal, whose reason is the cause. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

class StaleConnection extends SwiftError {
  constructor(origin: string) {
    super("outage", `${origin} closed the connection`);
  }
}

function inWords(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its host name is not known";
    case "ECONNRESET":
    case "EPIPE":
      return "connection reset";
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "no route to it, or it is down";
    default:
      return error.code ?? error.message;
  }
}

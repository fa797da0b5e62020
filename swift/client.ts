import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { pipeline, Readable, Transform } from "node:stream";
import { type SwiftSession, signIn } from "./auth";
import type { SwiftCredentials } from "./credentials";
import { SwiftError } from "./errors";
import { chunksOf, HttpClient, type HttpRequest, readBody, type Traffic } from "./http";
import { type ListedObject, parseListing, unquote } from "./listing";
import { Cutter, inAdvance, type Range, rangeQuery } from "./ranges";

export interface SwiftClientOptions {
  /** How long nothing may move on a connection, in ms. @default 15000 */
  timeoutMs?: number;
  /** Objects a listing request asks for; 10,000 is the most that Swift gives. @default 10000 */
  pageSize?: number;
  /** Ends whatever is under way. */
  signal?: AbortSignal;
}

/** The head of an object or a container. */
export interface SwiftHead {
  /** Without quotes; empty for a container. */
  etag: string;
  bytes: number;
  headers: IncomingHttpHeaders;
}

/** An object being read. Read `chunks` to the end, or call `discard`. */
export interface SwiftObject extends SwiftHead {
  /** @throws SwiftError "outage" where the body breaks off. */
  chunks: AsyncIterable<Buffer>;
  discard(): void;
}

/** What is remembered of a listing, to be faster the next time. Starts empty. */
export interface ListingMemory {
  /** The only page of a small container, to know it again without reading it. */
  page?: { digest: string; objects: ListedObject[] } | undefined;
  /** The parts of a large one, to ask for some of them at a time. */
  ranges?: Range[];
}

export interface PutOptions {
  contentType?: string;
  /** MD5 in hex where it is known beforehand: the store then refuses other bytes. */
  md5?: string;
  /** Length in bytes; needed for a stream (else it is sent chunked). */
  bytes?: number;
  headers?: Record<string, string>;
  query?: string;
}

/** How often a page of a listing is asked for, after the first page. */
const PAGE_ATTEMPTS = 3;
/** So many pages are asked for at a time where it is known where they begin. */
const PAGES_AT_ONCE = 3;
/** What a range of a listing may grow by before it takes two requests: this share of a page is left free. */
const FREE_SHARE = 0.1;

/** A client of one Swift account. Signs in when first needed, and again once when a token has expired. */
export class SwiftClient {
  private readonly http: HttpClient;
  private readonly pageSize: number;
  private session: Promise<SwiftSession> | undefined;

  constructor(
    private readonly credentials: SwiftCredentials,
    { timeoutMs = 15_000, pageSize = 10_000, signal }: SwiftClientOptions = {},
  ) {
    this.http = new HttpClient(timeoutMs, signal);
    this.pageSize = pageSize;
  }

  /** What the store tells that it can do, by name of the middleware; undefined where it does not tell. */
  async features(): Promise<Record<string, unknown> | undefined> {
    const { storageUrl } = await this.signedIn();
    const response = await this.http.send({ method: "GET", url: storageUrl.replace(/\/v1(\/.*)?$/, "/info") });
    const body = await readBody(response);
    try {
      const features: unknown = JSON.parse(body.toString("utf8"));
      const isTold = response.statusCode === 200 && typeof features === "object" && features !== null;
      return isTold ? (features as Record<string, unknown>) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The names of the account's containers. */
  async listContainers(): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      const query = `format=json&limit=${this.pageSize}&marker=${encodeURIComponent(names.at(-1) ?? "")}`;
      const { status, body } = await this.fetch({ method: "GET", path: "", query });
      const rows = status === 200 ? parseNames(body.toString("utf8")) : undefined;
      if (rows === undefined) throw this.unexpected(status, "the list of containers");
      names.push(...rows);
      if (rows.length < this.pageSize) return names;
    }
  }

  /** Creates a container; one that is there already stays as it is. */
  async createContainer(container: string, headers: Record<string, string> = {}): Promise<void> {
    const { status } = await this.fetch({ method: "PUT", path: pathOf(container), headers });
    if (status !== 201 && status !== 202) throw this.unexpected(status, `creating container ${container}`);
  }

  /** Deletes an empty container. @throws SwiftError "outage" with status 409 where it is not empty. */
  async deleteContainer(container: string): Promise<void> {
    const { status } = await this.fetch({ method: "DELETE", path: pathOf(container) });
    if (status !== 204) throw this.unexpected(status, `deleting container ${container}`, container);
  }

  /** The head of a container or an object. @throws SwiftError "notFound" */
  async head(container: string, object?: string): Promise<SwiftHead> {
    const { status, headers } = await this.fetch({ method: "HEAD", path: pathOf(container, object) });
    if (status !== 200 && status !== 204) throw this.unexpected(status, nameOf(container, object), container, object);
    return headOf(headers);
  }

  /** The complete listing. @throws SwiftError, also where a page is anything but a valid one. */
  async list(container: string, prefix = ""): Promise<ListedObject[]> {
    const objects: ListedObject[] = [];
    for await (const page of this.listPages(container, prefix)) objects.push(...page);
    return objects;
  }

  /**
   * The listing page by page, for containers too large to be held at once. It is complete only when it ended without an error.
   * @param memory remembers it from call to call. Where the store answers with the same bytes again for a container of one page,
   * the very same array is yielded, unread; of a large container several pages are asked for at a time.
   * @param onChunk called as each part of a page comes: one page may take minutes
   */
  async *listPages(
    container: string,
    prefix = "",
    memory: ListingMemory = {},
    onChunk?: () => void,
  ): AsyncGenerator<ListedObject[]> {
    const { ranges = [{ after: "" }] } = memory;
    const cutter = new Cutter(Math.ceil(this.pageSize * (1 - FREE_SHARE)));
    const ask = (range: Range) => this.askPage(container, prefix, range, onChunk);
    const answers = inAdvance(
      ranges.map((range) => () => ask(range)),
      PAGES_AT_ONCE,
    );
    for (let range of ranges) {
      let answer = answers.next().value as Promise<Buffer>;
      for (;;) {
        const isFirst = range.after === "" && range.upTo === undefined;
        const again = range.after === "" ? undefined : () => ask(range);
        const page = await this.readPage(container, prefix, answer, again, isFirst ? memory : undefined);
        for (const { name } of page) cutter.add(name);
        yield page;
        // The store refuses a limit above its own, so a page that is not full is the last one of its range.
        if (page.length < this.pageSize) break;
        memory.page = undefined;
        const last = page.at(-1)?.name ?? "";
        if (last === range.after) throw this.unexpected(200, "a listing that never ends", container);
        range = { ...range, after: last };
        answer = ask(range);
      }
    }
    // What fits into one page stays one: it is known again by its bytes.
    memory.ranges = cutter.rows < this.pageSize ? [{ after: "" }] : cutter.ranges;
  }

  /** Opens an object. @throws SwiftError "notFound" where it is gone. */
  async get(container: string, object: string, query = ""): Promise<SwiftObject> {
    const response = await this.request({ method: "GET", path: pathOf(container, object), query });
    if (response.statusCode !== 200) {
      await readBody(response);
      throw this.unexpected(response.statusCode, nameOf(container, object), container, object);
    }
    return { ...headOf(response.headers), chunks: chunksOf(response), discard: () => void response.destroy() };
  }

  /**
   * Stores an object; success means that the store has these very bytes (its ETag is their MD5).
   * @returns the MD5 in hex.
   */
  async put(
    container: string,
    object: string,
    content: Buffer | string | Readable,
    options: PutOptions = {},
  ): Promise<string> {
    const md5 = createHash("md5");
    // Where the stream breaks off, so does the request.
    const body = content instanceof Readable ? pipeline(content, hashing(md5), () => {}) : Buffer.from(content);
    if (body instanceof Buffer) md5.update(body);
    const bytes = body instanceof Buffer ? body.length : options.bytes;
    const { status, headers } = await this.fetch({
      method: "PUT",
      path: pathOf(container, object),
      query: options.query ?? "",
      body,
      headers: {
        "Content-Type": options.contentType ?? "application/octet-stream",
        ...(bytes !== undefined && { "Content-Length": String(bytes) }),
        ...(options.md5 && { ETag: options.md5 }),
        ...options.headers,
      },
    });
    if (status !== 201) throw this.unexpected(status, `storing ${object}`, container, object);
    const sent = md5.digest("hex");
    // The answer to a large object's manifest speaks of its segments, not of the text sent.
    if (!options.query && unquote(String(headers.etag)) !== sent) {
      throw new SwiftError("outage", `${object}: the store received other bytes than were sent`);
    }
    return sent;
  }

  /**
   * Copies an object within the store, with its type and metadata; a large one shares its segments with the copy.
   * @throws SwiftError "notFound" where there is no such object
   */
  async copy(from: { container: string; object: string }, to: { container: string; object: string }): Promise<void> {
    const { status } = await this.fetch({
      method: "PUT",
      path: pathOf(to.container, to.object),
      query: "multipart-manifest=get",
      headers: { "Content-Length": "0", "X-Copy-From": pathOf(from.container, from.object) },
    });
    if (status !== 201) throw this.unexpected(status, `copying ${from.object}`, from.container, from.object);
  }

  /** Deletes an object. @throws SwiftError "notFound" */
  async delete(container: string, object: string): Promise<void> {
    const { status } = await this.fetch({ method: "DELETE", path: pathOf(container, object) });
    if (status !== 204) throw this.unexpected(status, `deleting ${object}`, container, object);
  }

  /** What this client has cost so far. */
  get traffic(): Traffic {
    return this.http.traffic;
  }

  /** Closes idle connections. */
  close(): void {
    this.http.close();
  }

  /**
   * A listing of many pages is not given up for one that fails in passing.
   * @param again asks for the page once more; none where there is nothing to be given up yet
   */
  private async readPage(
    container: string,
    prefix: string,
    first: Promise<Buffer>,
    again?: () => Promise<Buffer>,
    memory?: ListingMemory,
  ): Promise<ListedObject[]> {
    let answer = first;
    for (let attempt = 1; ; attempt++) {
      try {
        return this.parsePage(container, prefix, await answer, memory);
      } catch (error) {
        const passing = error instanceof SwiftError && error.kind === "outage" && !error.timedOut;
        if (!passing || again === undefined || attempt === PAGE_ATTEMPTS) throw error;
        answer = again();
      }
    }
  }

  private async askPage(container: string, prefix: string, range: Range, onChunk?: () => void): Promise<Buffer> {
    const query = `format=json&limit=${this.pageSize}&prefix=${encodeURIComponent(prefix)}&${rangeQuery(range)}`;
    const { status, body } = await this.fetch({ method: "GET", path: pathOf(container), query }, onChunk);
    if (status !== 200) throw this.unexpected(status, `the listing of container ${container}`, container);
    return body;
  }

  private parsePage(container: string, prefix: string, body: Buffer, memory?: ListingMemory): ListedObject[] {
    const digest = memory && createHash("md5").update(body).digest("hex");
    if (memory?.page !== undefined && memory.page.digest === digest) return memory.page.objects;
    const page = parseListing(body.toString("utf8"), prefix);
    if (page === undefined) {
      throw new SwiftError(
        "outage",
        `${this.host()} answered with something else than a listing of container ${container}`,
        200,
      );
    }
    if (memory && digest !== undefined) memory.page = { digest, objects: page };
    return page;
  }

  /** One request, its answer read whole. */
  private async fetch(
    request: SwiftRequest,
    onChunk?: () => void,
  ): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
    const response = await this.request(request);
    const body = await readBody(response, { onChunk });
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  }

  private async request(request: SwiftRequest): Promise<IncomingMessage> {
    const session = this.signedIn();
    const response = await this.send(request, await session);
    if (response.statusCode !== 401) return response;
    await readBody(response);
    // Others may have found the token expired at the same time: the first one signs in for all.
    if (this.session === session) this.session = undefined;
    // A stream that has been sent can't be sent again.
    if (request.body instanceof Readable)
      throw new SwiftError("outage", `${this.host()} did not take the token any more (HTTP 401)`, 401);
    return await this.send(request, await this.signedIn());
  }

  private send({ path, query, ...rest }: SwiftRequest, { storageUrl, token }: SwiftSession): Promise<IncomingMessage> {
    const url = `${storageUrl}${path}${query ? `?${query}` : ""}`;
    return this.http.send({ ...rest, url, headers: { ...rest.headers, "X-Auth-Token": token } });
  }

  private signedIn(): Promise<SwiftSession> {
    if (this.session === undefined) {
      const session = signIn(this.http, this.credentials);
      this.session = session;
      session.catch(() => {
        if (this.session === session) this.session = undefined;
      });
    }
    return this.session;
  }

  private unexpected(status: number | undefined, what: string, container?: string, object?: string): SwiftError {
    const from = `${this.host()} (HTTP ${status})`;
    if (status === 404 && object !== undefined)
      return new SwiftError("notFound", `${object} is not in container ${container}: ${from}`, 404);
    if (status === 404 && container !== undefined) {
      return new SwiftError("notFound", `there is no container ${container} at ${from}`, 404);
    }
    if (status === 401 || status === 403) return new SwiftError("auth", `no access to ${what} at ${from}`, status);
    return new SwiftError("outage", `no valid answer for ${what} from ${from}`, status);
  }

  private host(): string {
    return new URL(this.credentials.authUrl).host;
  }
}

interface SwiftRequest extends Omit<HttpRequest, "url"> {
  path: string;
  query?: string;
}

function pathOf(container: string, object?: string): string {
  const path = `/${encodeURIComponent(container)}`;
  return object === undefined ? path : `${path}/${object.split("/").map(encodeURIComponent).join("/")}`;
}

function nameOf(container: string, object?: string): string {
  return object === undefined ? `container ${container}` : `${container}/${object}`;
}

function headOf(headers: IncomingHttpHeaders): SwiftHead {
  return { etag: unquote(headers.etag ?? ""), bytes: Number(headers["content-length"] ?? 0), headers };
}

function parseNames(text: string): string[] | undefined {
  try {
    const rows: unknown = JSON.parse(text);
    if (!Array.isArray(rows)) return undefined;
    const names = rows.map((row: { name?: unknown } | null) => row?.name);
    return names.every((name) => typeof name === "string") ? names : undefined;
  } catch {
    return undefined;
  }
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

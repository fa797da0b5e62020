import { createHash } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SwiftCredentials } from "../../swift/credentials";
import { type Fault, madeUp, parseRequest, type StoreRequest } from "./faults";

interface StoredObject {
  body: Buffer;
  /** What a listing shows: of a large object not what GET shows. */
  hash: string;
  bytes: number;
  contentType: string;
  modified: string;
  dynamic?: string;
  segments?: { name: string; bytes: number; hash: string }[];
  sloEtag?: string;
}

interface Answer {
  status: number;
  body?: string | Buffer;
  headers?: Record<string, string>;
  headOnly?: boolean;
}

const PAGE_LIMIT = 10_000;

/**
 * A small Swift on a free port of the loopback: v1.0 and Keystone v3 sign-in, containers, objects, listings, large objects, archives of
 * former versions, faults.
 */
export class SwiftDouble {
  /** Asked before each request to the store (not of sign-ins). */
  fault: (request: StoreRequest) => Fault | undefined = () => undefined;
  /** Asked before each sign-in. */
  authFault: () => Fault | undefined = () => undefined;
  /** Called when a listing has been answered, so that a test can change the store between listing and GET. */
  onListed: (container: string) => void = () => {};
  /** How long a listing takes, in ms; it shows what was there when it was asked for. */
  listingMs = 0;
  /** Every request to the store, in order. */
  readonly requests: StoreRequest[] = [];
  signIns = 0;
  private readonly containers = new Map<string, Map<string, StoredObject>>();
  /** Where containers keep what clients overwrite or delete there. */
  private readonly archives = new Map<string, string>();
  private readonly server = http.createServer((request, response) => {
    this.handle(request, response).catch((error) => {
      // A client that breaks off is no mistake of the test.
      if (request.complete) throw error;
    });
  });
  private readonly key = "secret";
  private token = "token-1";

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get credentials(): SwiftCredentials {
    return { auth: "v1", authUrl: `${this.url}/auth/v1.0`, username: "test:tester", apiKey: this.key };
  }

  get keystoneCredentials(): SwiftCredentials {
    return {
      auth: "keystone",
      authUrl: `${this.url}/v3`,
      region: "dev",
      project: "test",
      username: "tester",
      password: this.key,
    };
  }

  /** Tokens given out so far are valid no more. */
  expireTokens(): void {
    this.token = `token-${Number(this.token.slice(6)) + 1}`;
  }

  createContainer(container: string): void {
    if (!this.containers.has(container)) this.containers.set(container, new Map());
  }

  /** From now on, a container keeps in another one what clients overwrite or delete, as Swift's versioned_writes by X-History-Location. */
  keepHistory(container: string, archive: string): void {
    this.createContainer(archive);
    this.archives.set(container, archive);
  }

  deleteContainer(container: string): void {
    this.containers.delete(container);
  }

  /** Stores an object; also under names that no client would send. */
  put(container: string, name: string, content: string | Buffer, more: Partial<StoredObject> = {}): void {
    const body = Buffer.from(content);
    this.createContainer(container);
    this.objects(container)?.set(name, {
      body,
      hash: md5(body),
      bytes: body.length,
      contentType: "application/octet-stream",
      modified: new Date().toISOString().replace("Z", "000"),
      ...more,
    });
  }

  delete(container: string, name: string): void {
    this.objects(container)?.delete(name);
  }

  /** Requests for an object's content. */
  get reads(): StoreRequest[] {
    return this.requests.filter(({ method, object }) => method === "GET" && object !== undefined);
  }

  private objects(container: string): Map<string, StoredObject> | undefined {
    return this.containers.get(container);
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = "", url = "" } = request;
    if (url === "/auth/v1.0" || url === "/v3/auth/tokens") {
      this.signIns++;
      send(response, this.authFault(), () => this.signIn(request, body));
      return;
    }
    const asked = parseRequest(method, url);
    this.requests.push(asked);
    const answer = (): Answer => {
      if (request.headers["x-auth-token"] !== this.token) return { status: 401 };
      if (asked.container === "")
        return { status: 200, body: JSON.stringify([...this.containers.keys()].map((name) => ({ name }))) };
      return asked.object === undefined
        ? this.onContainer(asked)
        : this.onObject(asked, asked.object, request.headers, body);
    };
    if (this.listingMs > 0 && asked.method === "GET" && asked.object === undefined) {
      const listing = answer();
      await sleep(this.listingMs);
      send(response, this.fault(asked), () => listing);
    } else send(response, this.fault(asked), answer);
    if (asked.method === "GET" && asked.object === undefined) this.onListed(asked.container);
  }

  private signIn(request: http.IncomingMessage, body: Buffer): Answer {
    const storageUrl = `${this.url}/v1/AUTH_test`;
    if (request.method === "GET") {
      if (request.headers["x-auth-key"] !== this.key) return { status: 401 };
      return { status: 200, headers: { "X-Auth-Token": this.token, "X-Storage-Url": storageUrl } };
    }
    const { identity } = JSON.parse(body.toString()).auth;
    if ((identity.password?.user.password ?? identity.application_credential?.secret) !== this.key)
      return { status: 401 };
    const endpoints = [{ interface: "public", region: "dev", url: storageUrl }];
    const token = { catalog: [{ type: "object-store", endpoints }] };
    return { status: 201, body: JSON.stringify({ token }), headers: { "X-Subject-Token": this.token } };
  }

  private onContainer({ method, container, query }: StoreRequest): Answer {
    const objects = this.objects(container);
    if (method === "PUT") {
      this.createContainer(container);
      return { status: objects ? 202 : 201 };
    }
    if (objects === undefined) return { status: 404 };
    if (method === "HEAD") {
      const bytes = [...objects.values()].reduce((sum, object) => sum + object.bytes, 0);
      const sums = { "X-Container-Object-Count": String(objects.size), "X-Container-Bytes-Used": String(bytes) };
      return { status: 204, headers: sums };
    }
    if (method === "DELETE") {
      if (objects.size > 0) return { status: 409 };
      this.deleteContainer(container);
      return { status: 204 };
    }
    const limit = Number(query.get("limit") ?? PAGE_LIMIT);
    if (limit > PAGE_LIMIT) return { status: 412 };
    const marker = Buffer.from(query.get("marker") ?? "");
    const end = query.get("end_marker");
    const isBefore = (order: Buffer) => end === null || order.compare(Buffer.from(end)) < 0;
    const rows = [...objects]
      .map(([name, object]) => ({ name, order: Buffer.from(name), object }))
      .filter(({ name }) => name.startsWith(query.get("prefix") ?? ""))
      .filter(({ order }) => order.compare(marker) > 0 && isBefore(order))
      .sort((a, b) => a.order.compare(b.order))
      .slice(0, limit)
      .map(({ name, object: { hash, bytes, contentType, modified, sloEtag } }) => ({
        name,
        hash,
        bytes,
        content_type: contentType,
        last_modified: modified,
        ...(sloEtag && { slo_etag: `"${sloEtag}"` }),
      }));
    return { status: 200, body: JSON.stringify(rows), headers: { "Content-Type": "application/json; charset=utf-8" } };
  }

  private onObject(asked: StoreRequest, name: string, headers: http.IncomingHttpHeaders, body: Buffer): Answer {
    const { method, container, query } = asked;
    const objects = this.objects(container);
    if (objects === undefined) return { status: 404 };
    const from = headers["x-copy-from"];
    const source = typeof from === "string" ? this.at(decodeURIComponent(from)) : undefined;
    if (from !== undefined) {
      if (source === undefined) return { status: 404 };
      if (source.segments?.some((segment) => this.at(segment.name) === undefined)) return { status: 400 };
    }
    if (method === "PUT" || method === "DELETE") this.archive(container, name, method === "DELETE");
    if (source) {
      const { body: content, modified, ...more } = source;
      this.put(container, name, content, more);
      return { status: 201, headers: { ETag: this.content(source).head.ETag ?? "" } };
    }
    if (method === "PUT") {
      const etag = query.get("multipart-manifest") === "put" ? this.putStatic(container, name, body) : md5(body);
      if (headers.etag !== undefined && headers.etag !== etag) return { status: 422 };
      if (!query.has("multipart-manifest")) {
        const dynamic = headers["x-object-manifest"];
        const contentType = headers["content-type"] ?? "application/octet-stream";
        this.put(container, name, body, { contentType, ...(typeof dynamic === "string" && { dynamic }) });
      }
      return { status: 201, headers: { ETag: etag } };
    }
    const object = objects.get(name);
    if (object === undefined) return { status: 404 };
    if (method === "DELETE") {
      objects.delete(name);
      return { status: 204 };
    }
    const { content, head } = this.content(object, query.get("multipart-manifest") === "get");
    return {
      status: 200,
      body: content,
      headers: { "Content-Type": object.contentType, ...head },
      headOnly: method === "HEAD",
    };
  }

  private archive(container: string, name: string, isDeleted: boolean): void {
    const archive = this.archives.get(container);
    const object = this.objects(container)?.get(name);
    if (archive === undefined) return;
    const prefix = `${Buffer.byteLength(name).toString(16).padStart(3, "0")}${name}/`;
    if (object) this.put(archive, `${prefix}${timestampOf(object).slice(0, 16)}`, object.body, object);
    const contentType = "application/x-deleted;swift_versions_deleted=1";
    // Half a millisecond later than what was stored in the same one.
    if (isDeleted) this.put(archive, `${prefix}${(Date.now() / 1000 + 0.0005).toFixed(5)}`, "", { contentType });
  }

  /** Makes a static large object of a manifest such as clients send it. @returns its ETag */
  private putStatic(container: string, name: string, body: Buffer): string {
    const wanted = JSON.parse(body.toString()) as { path: string }[];
    const segments = wanted.map(({ path }) => {
      const stored = this.at(path);
      if (stored === undefined) throw new Error(`the double has no segment ${path}`);
      return {
        name: path,
        bytes: stored.bytes,
        hash: stored.sloEtag ?? stored.hash,
        ...(stored.sloEtag && { sub_slo: true }),
      };
    });
    const sloEtag = md5(segments.map(({ hash }) => hash).join(""));
    const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
    this.put(container, name, JSON.stringify(segments), { segments, sloEtag, bytes });
    return `"${sloEtag}"`;
  }

  private content(object: StoredObject, asManifest = false): { content: Buffer; head: Record<string, string> } {
    if (object.segments !== undefined) {
      const head = { "X-Static-Large-Object": "True", "X-Manifest-Etag": object.hash, ETag: `"${object.sloEtag}"` };
      if (asManifest) return { content: object.body, head: { ...head, ETag: object.hash } };
      return { content: this.joined(object.segments.map(({ name }) => this.at(name))), head };
    }
    if (object.dynamic !== undefined) {
      const [, container = "", prefix = ""] = /^([^/]+)\/(.*)$/.exec(decodeURIComponent(object.dynamic)) ?? [];
      const names = [...(this.objects(container)?.keys() ?? [])].filter((name) => name.startsWith(prefix)).sort();
      const segments = names.map((name) => this.objects(container)?.get(name));
      const head = {
        "X-Object-Manifest": object.dynamic,
        ETag: `"${md5(segments.map((segment) => segment?.hash).join(""))}"`,
      };
      return { content: this.joined(segments), head };
    }
    return { content: object.body, head: { ETag: object.hash, "X-Timestamp": timestampOf(object) } };
  }

  private joined(segments: (StoredObject | undefined)[]): Buffer {
    return Buffer.concat(
      segments.map((segment) => (segment === undefined ? Buffer.alloc(0) : this.content(segment).content)),
    );
  }

  /** The object at `/CONTAINER/NAME`. */
  private at(path: string): StoredObject | undefined {
    const [, container = "", name = ""] = /^\/?([^/]+)\/(.*)$/s.exec(path) ?? [];
    return this.objects(container)?.get(name);
  }
}

/** Answers, or fails as told. */
function send(response: http.ServerResponse, fault: Fault | undefined, answer: () => Answer): void {
  if (fault === "hang") return;
  if (fault === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  const isAnswered = fault === undefined || fault === "truncate";
  const { status, body = "", headers = {}, headOnly = false }: Answer = isAnswered ? answer() : madeUp(fault);
  const content = Buffer.from(body);
  response.writeHead(status, { ...(status !== 204 && { "Content-Length": content.length }), ...headers });
  if (fault === "truncate") response.write(content.subarray(0, content.length / 2), () => response.socket?.destroy());
  else response.end(headOnly ? "" : content);
}

function timestampOf({ modified }: StoredObject): string {
  return `${Date.parse(`${modified.slice(0, 19)}Z`) / 1000}.${modified.slice(20)}`;
}

function md5(content: Buffer | string): string {
  return createHash("md5").update(content).digest("hex");
}

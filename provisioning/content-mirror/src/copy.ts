import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { SwiftClient, SwiftHead, SwiftObject } from "../../../swift/client";
import { SwiftError } from "../../../swift/errors";
import type { ListedObject } from "../../../swift/listing";
import { slicesOf } from "../../publisher/src/largeObject";
import { type Slice, Verifier } from "../../publisher/src/verifier";
import { MIRRORED_ETAG } from "./differences";

/** A container of one of the two stores. */
export interface Side {
  store: SwiftClient;
  container: string;
}

/** Swift takes no more in one object that has no segments. */
const MAX_BYTES = 5 * 1024 ** 3;
/** What an object has besides its bytes. */
const CARRIED = /^(content-encoding|content-disposition|x-object-meta-.+)$/;

/**
 * Copies what an object is now, a large one as one without segments. The bytes are verified on their way; only with the last
 * of them there is a new object here.
 * @returns its bytes; `undefined` where it is gone, or changed under the hand
 * @throws SwiftError
 */
export async function copyObject(from: Side, to: Side, listed: ListedObject): Promise<number | undefined> {
  const { name } = listed;
  const object = await openIfThere(from, name);
  if (object === undefined) return undefined;
  try {
    const { etag, headers } = object;
    const large = isLarge(object);
    const version = large ? listed : { ...listed, hash: etag, bytes: object.bytes };
    const slices = await slicesOf(from.store, from.container, name, version, object);
    if (slices === undefined) return undefined;
    const bytes = slices.reduce((sum, slice) => sum + slice.bytes, 0);
    if (bytes > MAX_BYTES) throw new SwiftError("outage", `${name} is over 5 GiB: too large to be mirrored`);
    await to.store.put(to.container, name, Readable.from(verified(object.chunks, slices, name)), {
      contentType: headers["content-type"] ?? "application/octet-stream",
      bytes,
      headers: { ...carried(headers), ...(large && { [MIRRORED_ETAG]: etag }) },
      ...(!large && { md5: etag }),
    });
    return bytes;
  } finally {
    object.discard();
  }
}

async function openIfThere({ store, container }: Side, name: string): Promise<SwiftObject | undefined> {
  try {
    return await store.get(container, name);
  } catch (error) {
    if (error instanceof SwiftError && error.kind === "notFound") return undefined;
    throw error;
  }
}

/** Whether the object is made of segments, static or dynamic ones. */
export function isLarge({ headers }: SwiftHead): boolean {
  return String(headers["x-static-large-object"]).toLowerCase() === "true" || isDynamic({ headers });
}

/** Whether its content may change without a change of the listing. */
export function isDynamic({ headers }: Pick<SwiftHead, "headers">): boolean {
  return headers["x-object-manifest"] !== undefined;
}

/** All but the last chunk pass as they come; the last one only when everything is right. */
async function* verified(chunks: AsyncIterable<Buffer>, slices: Slice[], name: string): AsyncGenerator<Buffer> {
  const verifier = new Verifier(slices);
  let last: Buffer | undefined;
  for await (const chunk of chunks) {
    verifier.update(chunk);
    if (last !== undefined) yield last;
    last = chunk;
  }
  if (!verifier.finish()) throw new SwiftError("outage", `the source gives other bytes of ${name} than it lists`);
  if (last !== undefined) yield last;
}

function carried(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (CARRIED.test(name) ? [[name, String(value)]] : [])),
  );
}

import { createHash } from "node:crypto";
import type { SwiftClient, SwiftHead } from "../../../swift/client";
import { unquote } from "../../../swift/listing";
import type { FileVersion } from "./files";
import type { Slice } from "./verifier";

/** Swift nests static large objects no deeper. */
const MAX_DEPTH = 10;

/**
 * What the bytes of an object must be, from the head of its GET.
 * A static large object (SLO) is checked by its manifest, a dynamic one (DLO) by the listing of its segments.
 * @returns `undefined` where the store has another version by now than the one listed.
 */
export async function slicesOf(
  store: SwiftClient,
  container: string,
  object: string,
  version: FileVersion,
  head: SwiftHead,
): Promise<Slice[] | undefined> {
  const { headers } = head;
  if (String(headers["x-static-large-object"]).toLowerCase() === "true") {
    return await staticSlices(store, container, object, version.hash);
  }
  const segments = headers["x-object-manifest"];
  if (typeof segments === "string") return await dynamicSlices(store, segments, head.etag);
  return head.etag === version.hash ? [{ bytes: version.bytes, md5: version.hash }] : undefined;
}

interface Segment {
  name?: string;
  hash?: string;
  bytes?: number;
  range?: string | null;
  sub_slo?: boolean;
  data?: string;
}

async function staticSlices(
  store: SwiftClient,
  container: string,
  object: string,
  hash: string,
  depth = 0,
): Promise<Slice[] | undefined> {
  const manifest = await store.get(container, object, "multipart-manifest=get");
  const chunks: Buffer[] = [];
  for await (const chunk of manifest.chunks) chunks.push(chunk);
  const text = Buffer.concat(chunks);
  if (md5(text) !== hash && manifest.etag !== hash) return undefined;

  const slices: Slice[] = [];
  for (const segment of JSON.parse(text.toString("utf8")) as Segment[]) {
    if (segment.sub_slo && !segment.range && depth < MAX_DEPTH) {
      const [, subContainer = "", subObject = ""] = /^\/?([^/]+)\/(.*)$/s.exec(segment.name ?? "") ?? [];
      const { etag } = await store.head(subContainer, subObject);
      if (etag !== segment.hash) return undefined;
      slices.push(...((await nestedSlices(store, subContainer, subObject, depth + 1)) ?? []));
    } else slices.push(sliceOf(segment));
  }
  return slices;
}

/** A nested manifest is checked by the ETag of what it makes up, which the outer one names: its text's hash is not known. */
async function nestedSlices(
  store: SwiftClient,
  container: string,
  object: string,
  depth: number,
): Promise<Slice[] | undefined> {
  const manifest = await store.head(container, object);
  return await staticSlices(store, container, object, String(manifest.headers["x-manifest-etag"] ?? ""), depth);
}

/** Of part of a segment, and of a nested one too deep, the manifest tells the length only. */
function sliceOf({ bytes = 0, hash, range, sub_slo, data }: Segment): Slice {
  if (data !== undefined) {
    const content = Buffer.from(data, "base64");
    return { bytes: content.length, md5: md5(content) };
  }
  if (range) {
    const [first = 0, last = 0] = range.split("-").map(Number);
    return { bytes: last - first + 1 };
  }
  return sub_slo || hash === undefined ? { bytes } : { bytes, md5: hash };
}

async function dynamicSlices(store: SwiftClient, segments: string, etag: string): Promise<Slice[] | undefined> {
  const [, container = "", prefix = ""] = /^([^/]+)\/(.*)$/s.exec(decodeURIComponent(segments)) ?? [];
  const objects = await store.list(container, prefix);
  // The ETag is made of the segments' ETags: where it differs, they have changed since.
  if (md5(objects.map((object) => object.sloEtag ?? object.hash).join("")) !== etag) return undefined;
  return objects.map(({ bytes, hash, sloEtag }) => (sloEtag === undefined ? { bytes, md5: hash } : { bytes }));
}

/** The ETag of the content of a dynamic large object, else `undefined`. */
export function dynamicEtagOf({ headers }: SwiftHead): string | undefined {
  return headers["x-object-manifest"] === undefined ? undefined : unquote(headers.etag ?? "");
}

function md5(content: Buffer | string): string {
  return createHash("md5").update(content).digest("hex");
}

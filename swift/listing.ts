/** One object as a container listing shows it. */
export interface ListedObject {
  name: string;
  /** MD5 of the content; of the manifest's text for a static large object; of nothing for a dynamic one. */
  hash: string;
  bytes: number;
  /** UTC, as Swift writes it: `2026-11-23T18:21:49.123456`. */
  lastModified: string;
  contentType: string;
  /** Set for a static large object, by stores that tell: MD5 of its segments' MD5s. */
  sloEtag?: string;
  /** Set for a Swift symlink: the object it points to. */
  symlinkPath?: string;
}

/**
 * Reads one page of a listing.
 * @returns the objects, or `undefined` where the text is not a listing of names beginning with `prefix`.
 */
export function parseListing(text: string, prefix: string): ListedObject[] | undefined {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(rows)) return undefined;
  const objects: ListedObject[] = [];
  for (const row of rows) {
    const object = parseRow(row);
    if (!object?.name.startsWith(prefix)) return undefined;
    objects.push(object);
  }
  return objects;
}

function parseRow(row: unknown): ListedObject | undefined {
  if (typeof row !== "object" || row === null) return undefined;
  const { name, hash, bytes, last_modified, content_type, slo_etag, symlink_path } = row as Record<string, unknown>;
  if (typeof name !== "string" || typeof hash !== "string" || typeof last_modified !== "string") return undefined;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
  return {
    name,
    hash,
    bytes,
    lastModified: last_modified,
    contentType: typeof content_type === "string" ? content_type : "",
    ...(typeof slo_etag === "string" && { sloEtag: unquote(slo_etag) }),
    ...(typeof symlink_path === "string" && { symlinkPath: symlink_path }),
  };
}

/** An ETag header's value without its quotes (large objects have them). */
export function unquote(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}

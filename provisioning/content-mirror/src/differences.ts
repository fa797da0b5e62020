import type { SwiftHead } from "../../../swift/client";
import type { ListedObject } from "../../../swift/listing";

/** Metadata of a copy: the ETag of the large object that it is a copy of, which is not that of the bytes. */
export const MIRRORED_ETAG = "x-object-meta-mirrored-etag";

/** An object at the source, and the one of its name here. */
export type Pair = [source: ListedObject, copy: ListedObject];

/** How the copy's listing differs from the source's. */
export interface Differences {
  /** Missing here, or other than at the source. */
  copy: ListedObject[];
  /** Of these the listings can't tell: large objects, and those that seem empty. Their heads can. */
  unsure: Pair[];
  /** Here, and no longer at the source. */
  gone: ListedObject[];
}

/** @param isKnown whether the heads of this very pair have shown before that they are alike */
export function compare(source: ListedObject[], copies: ListedObject[], isKnown: (pair: Pair) => boolean): Differences {
  const differences: Differences = { copy: [], unsure: [], gone: [] };
  const here = new Map(copies.map((copy) => [copy.name, copy]));
  for (const object of source) {
    const copy = here.get(object.name);
    here.delete(object.name);
    // Not published, and so not copied.
    if (object.symlinkPath !== undefined) continue;
    if (copy === undefined || copy.contentType !== object.contentType) differences.copy.push(object);
    else if (object.bytes > 0 && object.hash === copy.hash && object.bytes === copy.bytes) continue;
    else if (!mayBeAlike(object, copy)) differences.copy.push(object);
    else if (!isKnown([object, copy])) differences.unsure.push([object, copy]);
  }
  differences.gone = [...here.values()];
  return differences;
}

/** The listing's hash of a static large object is none of its content, and of a dynamic one not even the size is known. */
function mayBeAlike(object: ListedObject, copy: ListedObject): boolean {
  return object.bytes === copy.bytes || object.bytes === 0 || copy.bytes === 0;
}

/** Names a pair in just these versions. */
export function versionsOf([source, copy]: Pair): string {
  return [source, copy]
    .map(({ name, hash, bytes, lastModified }) => `${hash} ${bytes} ${lastModified} ${name}`)
    .join(" ");
}

/** Whether the heads of two objects show one content. */
export function isAlike(source: SwiftHead, copy: SwiftHead): boolean {
  const etags = ({ etag, headers }: SwiftHead) => [etag, headers[MIRRORED_ETAG]].filter((one) => one !== undefined);
  return source.bytes === copy.bytes && etags(source).some((etag) => etags(copy).includes(etag));
}

import { constants, promises as fs } from "node:fs";
import type { SwiftClient } from "../../../swift/client";
import { SwiftError } from "../../../swift/errors";
import type { FileVersion } from "./files";
import { dynamicEtagOf, slicesOf } from "./largeObject";
import { Verifier } from "./verifier";

/** The store has other bytes by now than those listed: only a new listing helps. */
export class ObjectMoved extends Error {
  constructor(readonly version: FileVersion) {
    super(`${version.name} is not in the store as it is listed`);
  }
}

/** One object to be fetched: `prefix` and the version's name make its name in the container. */
export interface Source {
  container: string;
  prefix: string;
}

/**
 * Gets an object over HTTP into a new file, verified. The file is synced with the release, not here.
 * @returns the version, completed by what the listing does not tell
 * @throws ObjectMoved, or SwiftError where the fault may be the store's and not this object's
 */
export async function download(
  store: SwiftClient,
  source: Source,
  version: FileVersion,
  to: string,
  onChunk: () => void,
): Promise<FileVersion> {
  try {
    return await transfer(store, source, version, to, onChunk);
  } catch (error) {
    throw error instanceof SwiftError && isOfObject(error) ? new ObjectMoved(version) : error;
  }
}

async function transfer(
  store: SwiftClient,
  { container, prefix }: Source,
  version: FileVersion,
  to: string,
  onChunk: () => void,
): Promise<FileVersion> {
  const name = prefix + version.name;
  const object = await store.get(container, name);
  try {
    const slices = await slicesOf(store, container, name, version, object);
    if (slices === undefined) throw new ObjectMoved(version);
    const verifier = new Verifier(slices);
    await writeNew(to, object.chunks, (chunk) => {
      verifier.update(chunk);
      onChunk();
    });
    if (!verifier.finish()) throw new ObjectMoved(version);
  } finally {
    object.discard();
  }
  const dynamicEtag = dynamicEtagOf(object);
  return dynamicEtag === undefined ? version : { ...version, dynamicEtag };
}

/** The object is gone, or a large one lacks a segment (409, or 404 where the segments' container is gone). */
function isOfObject({ kind, status }: SwiftError): boolean {
  return kind === "notFound" || status === 409;
}

/** Writes a file that must not have been there before, nor be a link. */
export async function writeNew(
  file: string,
  chunks: AsyncIterable<Buffer>,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  const handle = await fs.open(
    file,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o644,
  );
  try {
    for await (const chunk of chunks) {
      onChunk(chunk);
      await handle.writeFile(chunk);
    }
  } finally {
    await handle.close();
  }
}

import { createHash } from "node:crypto";
import {
  createReadStream,
  lstatSync,
  opendirSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from "node:fs";
import * as path from "node:path";
import type { Files } from "./files";
import { type Content, type Folders, forget, type Manifest } from "./manifest";
import { COMPRESSED, foldersOf } from "./names";
import { Pace } from "./pace";

/** A regular file of a release's tree; other things are no part of it. */
interface TreeFile {
  name: string;
  bytes: number;
  modified: Date;
}

/** Follows the links that stand for folders; only such are made in a release, and the one with compressed forms. */
async function* walk(root: string, pace: Pace, below = ""): AsyncGenerator<TreeFile> {
  for (const entry of readdirSync(path.join(root, below), { withFileTypes: true })) {
    await pace.step();
    if (entry.name === COMPRESSED) continue;
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    const file = path.join(root, name);
    if (entry.isFile()) {
      const { size, mtime } = lstatSync(file);
      yield { name, bytes: size, modified: mtime };
    } else if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) yield* walk(root, pace, name);
  }
}

/**
 * Learns from the published files themselves what a release holds, for when its manifest is lost.
 * A large object's hash can't be learnt this way: it will be fetched once more.
 * @param releases the folder that all places are in
 */
export async function learnTree(root: string, releases: string, pace = new Pace()): Promise<Content> {
  const files: Files = new Map();
  const folders: Folders = new Map([["", path.relative(releases, root)]]);
  for await (const { name, bytes, modified } of walk(root, pace)) {
    const hash = createHash("md5");
    for await (const chunk of createReadStream(path.join(root, name))) {
      hash.update(chunk as Buffer);
      await pace.step();
    }
    files.set(name, { name, hash: hash.digest("hex"), bytes, lastModified: modified.toISOString().replace("Z", "") });
    for (const folder of foldersOf(name)) {
      if (folders.has(folder)) break;
      folders.set(folder, path.relative(realpathSync(releases), realpathSync(path.join(root, folder))));
    }
  }
  return { files, folders };
}

/** Removes from a manifest what the tree no longer holds in that size, so that it is fetched again. */
export async function forgetDamaged(manifest: Manifest, root: string, pace = new Pace()): Promise<void> {
  const sizes = new Map<string, number>();
  for await (const { name, bytes } of walk(root, pace)) sizes.set(name, bytes);
  for (const [name, { bytes, dynamicEtag }] of manifest.files) {
    const size = sizes.get(name);
    // A listing gives no size for a dynamic large object.
    if (size === bytes || (size !== undefined && dynamicEtag !== undefined)) continue;
    forget(manifest, name);
  }
}

/** Removes a file or a folder with all that is in it. Node's own way holds a promise for each of 100,000 files. */
export async function removeTree(target: string, pace: Pace): Promise<void> {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return;
  await pace.step();
  if (!stat.isDirectory()) {
    unlinkSync(target);
    return;
  }
  await emptyFolder(target, pace);
  rmdirSync(target);
}

/** Removes all that is in a folder. It is read piece by piece: 100,000 names are many megabytes. */
export async function emptyFolder(dir: string, pace: Pace): Promise<void> {
  const entries = opendirSync(dir);
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync())
      await removeTree(path.join(dir, entry.name), pace);
  } finally {
    entries.closeSync();
  }
}

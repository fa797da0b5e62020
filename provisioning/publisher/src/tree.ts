import { createHash } from "node:crypto";
import { createReadStream, lstatSync, readdirSync } from "node:fs";
import * as path from "node:path";
import type { Files } from "./files";
import { Pace } from "./pace";

/** A regular file of a tree; links and other things are no part of a release. */
interface TreeFile {
  name: string;
  bytes: number;
  modified: Date;
}

async function* walk(root: string, pace: Pace, below = ""): AsyncGenerator<TreeFile> {
  for (const entry of readdirSync(path.join(root, below), { withFileTypes: true })) {
    await pace.step();
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, pace, name);
    else if (entry.isFile()) {
      const { size, mtime } = lstatSync(path.join(root, name));
      yield { name, bytes: size, modified: mtime };
    }
  }
}

/**
 * Learns from the published files themselves what a release holds, for when its manifest is lost.
 * A large object's hash can't be learnt this way: it will be fetched once more.
 */
export async function filesOfTree(root: string, pace = new Pace()): Promise<Files> {
  const files: Files = new Map();
  for await (const { name, bytes, modified } of walk(root, pace)) {
    const hash = createHash("md5");
    for await (const chunk of createReadStream(path.join(root, name))) {
      hash.update(chunk as Buffer);
      await pace.step();
    }
    files.set(name, { name, hash: hash.digest("hex"), bytes, lastModified: modified.toISOString().replace("Z", "") });
  }
  return files;
}

/** Removes from a manifest what the tree no longer holds in that size, so that it is fetched again. */
export async function forgetDamaged(files: Files, root: string, pace = new Pace()): Promise<number> {
  const sizes = new Map<string, number>();
  for await (const { name, bytes } of walk(root, pace)) sizes.set(name, bytes);
  let damaged = 0;
  for (const [name, { bytes, dynamicEtag }] of files) {
    const size = sizes.get(name);
    // A listing gives no size for a dynamic large object.
    if (size === bytes || (size !== undefined && dynamicEtag !== undefined)) continue;
    files.delete(name);
    damaged++;
  }
  return damaged;
}

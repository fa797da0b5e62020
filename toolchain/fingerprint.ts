import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";

/**
 * What a build is known by in its cache: 16 hexadecimal digits that change with any of its sources.
 *
 * @param files names of the sources, relative to `folder`; their order counts
 * @param how what else the result depends on, such as the compiler's options
 */
export function fingerprintOf(folder: string, files: string[], how = ""): string {
  const hash = createHash("sha256").update(how);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(path.join(folder, file)));
  return hash.digest("hex").slice(0, 16);
}

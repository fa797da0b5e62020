import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { linkFile, removeFile } from "./compressed";
import type { FileVersion } from "./files";
import { COMPRESSED } from "./names";

/** Keeps what was deleted from the site for as long as that may turn out to be a mistake. A link costs no room while a release has the file. */
export class Quarantine {
  constructor(readonly dir: string) {}

  /** Keeps a published file, if it is there. */
  put(version: FileVersion, file: string): void {
    fs.mkdirSync(this.dir, { recursive: true });
    const target = this.target(version);
    if (!fs.existsSync(target)) linkFile(version, file, target);
  }

  /** Where a version is kept. */
  fileOf(version: FileVersion): string | undefined {
    const target = this.target(version);
    return fs.existsSync(target) ? target : undefined;
  }

  /** Deletes all others for good. */
  keepOnly(versions: FileVersion[]): void {
    if (!fs.existsSync(this.dir)) return;
    const kept = new Set(versions.map((version) => this.target(version)));
    for (const name of fs.readdirSync(this.dir)) {
      const file = path.join(this.dir, name);
      if (name !== COMPRESSED && !kept.has(file)) removeFile(file);
    }
  }

  private target({ name, hash, bytes, lastModified }: FileVersion): string {
    const key = createHash("sha256").update([name, hash, bytes, lastModified].join("\0")).digest("hex");
    return path.join(this.dir, key);
  }
}

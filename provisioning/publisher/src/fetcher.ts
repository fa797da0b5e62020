import { createHash } from "node:crypto";
import { promises as fs, lstatSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { SwiftClient } from "../../../swift/client";
import { SwiftError } from "../../../swift/errors";
import { compress, compressedBytes, isCompressible } from "./compressed";
import { download, ObjectMoved, type Source } from "./download";
import type { FileVersion } from "./files";
import type { Mount } from "./mount";
import { eachOf, Pace } from "./pace";

const CONCURRENCY = 8;
/**
 * More files than this come straight from the store: through a mount each costs several times as much, and while its
 * driver reads them it lists their folders again and again.
 */
const BULK = 64;
const ATTEMPTS = 3;

/** Where the verified bytes of a version are; with what only its download could tell. */
export interface Staged {
  version: FileVersion;
  file: string;
}

/** A version in the staging folder. Its path is made when it is asked for: those of 100,000 would be many megabytes. */
class StagedVersion implements Staged {
  constructor(
    readonly version: FileVersion,
    private readonly staging: string,
  ) {}

  get file(): string {
    return `${this.staging}/${keyOf(this.version)}`;
  }
}

/** From the mount while it is healthy and they are not too many, else from the store; or from the store in any case. */
export type Way = "mount" | "store";

/** How far a fetch is. */
export interface FetchProgress {
  files: number;
  bytes: number;
}

/** Brings the bytes of a course's objects to the staging folder. */
export class Fetcher {
  private attempts = 0;

  constructor(
    private readonly store: SwiftClient,
    private readonly mount: Mount,
    private readonly source: Source,
    private readonly staging: string,
    /** Called at each chunk and at each file that comes: a sign of life. */
    private readonly onSign: () => void = () => {},
  ) {}

  /**
   * Fetches all of them; what an earlier call had fetched is not fetched again.
   * @returns what is staged, and the versions that the store no longer has as they were listed
   * @throws SwiftError where the store gives no answer
   */
  async fetch(
    versions: FileVersion[],
    way: Way,
    onProgress: (progress: FetchProgress) => void,
  ): Promise<{ staged: Map<string, Staged>; moved: FileVersion[] }> {
    const staged = new Map<string, Staged>();
    const moved: FileVersion[] = [];
    const progress: FetchProgress = { files: 0, bytes: 0 };
    await eachOf(versions, CONCURRENCY, async (version) => {
      try {
        const complete = await this.stage(version, way === "mount" && versions.length <= BULK);
        staged.set(version.name, new StagedVersion(complete, this.staging));
      } catch (error) {
        if (!(error instanceof ObjectMoved)) throw error;
        moved.push(version);
      }
      this.onSign();
      progress.files++;
      progress.bytes += version.bytes;
      onProgress(progress);
    });
    return { staged, moved };
  }

  /** Bytes that are still to come for these versions, those of their compressed forms included. */
  async bytesToCome(versions: FileVersion[]): Promise<number> {
    const pace = new Pace(this.onSign);
    let bytes = 0;
    for (const version of versions) {
      if (pace.isDue) await pace.step();
      if (!this.isStaged(version)) bytes += version.bytes + compressedBytes(version);
    }
    return bytes;
  }

  /** What looks empty may be a dynamic large object, whose content has no part in the key. */
  private isStaged(version: FileVersion): boolean {
    return version.bytes > 0 && lstatSync(this.fileOf(version), { throwIfNoEntry: false })?.size === version.bytes;
  }

  private fileOf(version: FileVersion): string {
    return `${this.staging}/${keyOf(version)}`;
  }

  /** @returns the version, with what only its download could tell */
  private async stage(version: FileVersion, byMount: boolean): Promise<FileVersion> {
    if (this.isStaged(version)) return version;
    const file = this.fileOf(version);
    // A name of its own for each attempt: a reader that hangs may still have the last one open.
    const part = `${file}.${++this.attempts}.part`;
    const object = this.source.prefix + version.name;
    if (byMount && (await this.mount.copy(this.source.container, object, version, part))) {
      await keep(version, part, file);
      return version;
    }
    await fs.rm(part, { force: true });
    return await this.download(version, file);
  }

  private async download(version: FileVersion, file: string): Promise<FileVersion> {
    for (let attempt = 1; ; attempt++) {
      const part = `${file}.${++this.attempts}.part`;
      try {
        const complete = await download(this.store, this.source, version, part, this.onSign);
        await keep(complete, part, file);
        return complete;
      } catch (error) {
        await fs.rm(part, { force: true });
        const passing = error instanceof SwiftError && error.kind === "outage" && !error.timedOut;
        if (!passing || attempt === ATTEMPTS) throw error;
        await sleep(100 * attempt);
      }
    }
  }
}

/** Puts verified bytes in place, last of all: what is there has its compressed forms. */
async function keep(version: FileVersion, part: string, file: string): Promise<void> {
  if (isCompressible(version)) await compress(part, file);
  await fs.rename(part, file);
}

function keyOf({ name, hash, bytes, lastModified }: FileVersion): string {
  return createHash("sha256").update([name, hash, bytes, lastModified].join("\0")).digest("hex");
}

import type { SwiftClient, SwiftHead } from "../../../swift/client";
import { SwiftError } from "../../../swift/errors";
import type { Source } from "./download";
import type { Files, FileVersion, Wanted } from "./files";
import { foldersOf, unsafeName } from "./names";
import { eachOf } from "./pace";

/** More of them at once are left to the listing, which is cheaper then. */
const MAX_WAITING = 1_000;

/** A new one each time that an object is announced. */
interface Announced {
  /** What the store was found to have since then: it is asked once only. */
  version?: FileVersion | undefined;
}

/**
 * Objects that someone says to have stored just now: each is asked for by itself, so that it need not wait for the listing of a
 * large container. The listing stays the truth: what was never announced, or deleted, it tells; and what can't be told from one
 * object's head is left to it.
 */
export class Announcements {
  private readonly waiting = new Map<string, Announced>();
  /** Published ahead of the listing; with the time of that, by a clock that is never set. */
  private readonly ahead = new Map<string, { version: FileVersion; at: number }>();

  constructor(
    private readonly store: SwiftClient,
    private readonly source: Source,
  ) {}

  get isWaiting(): boolean {
    return this.waiting.size > 0;
  }

  /** @param object its name in the container */
  add(object: string): void {
    const name = object.slice(this.source.prefix.length);
    const isOurs = object.startsWith(this.source.prefix) && unsafeName(name) === undefined;
    if (isOurs && (this.waiting.has(name) || this.waiting.size < MAX_WAITING)) this.waiting.set(name, {});
  }

  /** A listing is about to begin that will show all of them. */
  leaveToListing(): void {
    this.waiting.clear();
  }

  /**
   * What the store has under the names that are waiting; of a file and a folder of one name the folder, as in a listing.
   * @throws SwiftError where the store gives no answer
   */
  async versions(published: Files, folders: ReadonlyMap<string, unknown>): Promise<FileVersion[]> {
    const versions: FileVersion[] = [];
    await eachOf([...this.waiting], 8, async ([name, announced]) => {
      const isClash = folders.has(name) || [...foldersOf(name)].some((folder) => published.has(folder));
      if (!isClash) announced.version ??= await this.versionOf(name);
      if (announced.version !== undefined && !isClash) versions.push(announced.version);
      else if (this.waiting.get(name) === announced) this.waiting.delete(name);
    });
    const taken = new Set(versions.flatMap(({ name }) => [...foldersOf(name)]));
    for (const name of taken) this.waiting.delete(name);
    return versions.filter(({ name }) => !taken.has(name));
  }

  /** What the store was found to have may not be what it has now. */
  askAgain(): void {
    for (const name of this.waiting.keys()) this.waiting.set(name, {});
  }

  /** These are on the site now; what was announced anew meanwhile goes on waiting. */
  published(versions: FileVersion[]): void {
    for (const version of versions) {
      if (this.waiting.get(version.name)?.version === version) this.waiting.delete(version.name);
      this.ahead.set(version.name, { version, at: performance.now() });
    }
  }

  /**
   * Puts into a listing's files what was published ahead of it, where the listing had been begun before. A name that has become a
   * folder's meanwhile, or lies in what has become a file, is left to the next one.
   * @param began when that was
   * @returns whether there was anything: then the files are not what the store was listed to have
   */
  keepAhead({ files, folders }: Wanted, began: number): boolean {
    let isAny = false;
    for (const [name, { version, at }] of this.ahead) {
      const isClash = folders.has(name) || [...foldersOf(name)].some((folder) => files.has(folder));
      if (at < began) this.ahead.delete(name);
      else if (!isClash && (files.get(name)?.lastModified ?? "") < version.lastModified) {
        files.set(name, version);
        isAny = true;
      }
    }
    return isAny;
  }

  private async versionOf(name: string): Promise<FileVersion | undefined> {
    try {
      const head = await this.store.head(this.source.container, this.source.prefix + name);
      const lastModified = timeOf(head);
      const { headers, etag, bytes } = head;
      const isLarge = headers["x-static-large-object"] !== undefined || headers["x-object-manifest"] !== undefined;
      // An empty object may be a folder's marker, and a link to another one has that one's head.
      const isPlain = !isLarge && bytes > 0 && headers["x-symlink-target"] === undefined;
      return isPlain && lastModified !== undefined ? { name, hash: etag, bytes, lastModified } : undefined;
    } catch (error) {
      if (error instanceof SwiftError && error.kind === "notFound") return undefined;
      throw error;
    }
  }
}

/** As a listing has it: UTC with microseconds. */
function timeOf({ headers }: SwiftHead): string | undefined {
  const [, seconds, fraction = ""] = /^(\d+)(?:\.(\d+))?$/.exec(String(headers["x-timestamp"])) ?? [];
  if (seconds === undefined) return undefined;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, "0")}`;
}

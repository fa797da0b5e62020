import { createHash } from "node:crypto";
import type { Difference } from "./files";

/** When a course's changes are thought to be complete. */
export interface SettleRule {
  /** Seconds of silence in the store after which its changes are published; 0: at once. */
  seconds: number;
  /** Seconds after which they are published all the same, however lively the store is. */
  limitSeconds: number;
}

/** When the store was looked at: by a clock that is never set, in ms, as all times here. */
export interface Look {
  at: number;
  /** The look before this one, where there was one. */
  before: number | undefined;
  /** What the wall clock said at this look, in ms since 1970: the store's times are of that kind. */
  wall: number;
}

/** A look that is taken now. */
export function lookNow(before: Look | undefined): Look {
  return { at: performance.now(), before: before?.at, wall: Date.now() };
}

/**
 * Waits for the end of an author's upload: a page should not be published without the pictures that come a moment later.
 * The store is silent since its newest change. That has a time of the store's own, and lies between the look that first showed
 * it and the one before: so a clock that is wrong, here or there, shifts it by the time between two looks at most.
 */
export class Settling {
  private seen: string | undefined;
  private changedAt = 0;
  private since = 0;

  constructor(private readonly rule: SettleRule) {}

  /** @returns ms until these changes may be published, if the store is silent so long; 0: now */
  remaining(changes: Difference, look: Look, now: number): number {
    const seen = digest(changes);
    if (seen !== this.seen) {
      this.changedAt = Math.max(
        look.before ?? Number.NEGATIVE_INFINITY,
        Math.min(look.at + newest(changes) - look.wall, look.at),
      );
      if (this.seen === undefined) this.since = this.changedAt;
      this.seen = seen;
    }
    const silent = this.changedAt + this.rule.seconds * 1000;
    const limit = this.since + this.rule.limitSeconds * 1000;
    return Math.max(0, Math.min(silent, limit) - now);
  }

  /** Whether changes have been seen and are not published yet. */
  get isWaiting(): boolean {
    return this.seen !== undefined;
  }

  /** Nothing is waiting any more: it was published, or the store is as it was. */
  reset(): void {
    this.seen = undefined;
  }
}

/** In ms since 1970. Deletions have no time of their own: as far as anyone knows they were made just now. */
function newest({ added, changed, deleted }: Difference): number {
  if (deleted.length > 0) return Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  for (const versions of [added, changed]) {
    for (const { lastModified } of versions) {
      const time = Date.parse(`${lastModified}Z`);
      newest = Math.max(newest, Number.isNaN(time) ? Number.POSITIVE_INFINITY : time);
    }
  }
  return newest;
}

function digest({ added, changed, deleted }: Difference): string {
  const hash = createHash("sha256");
  for (const versions of [added, changed]) {
    for (const { name, hash: md5, lastModified } of versions) hash.update(`${name}\0${md5}\0${lastModified}\0`);
    hash.update("\0");
  }
  for (const name of deleted) hash.update(`${name}\0`);
  return hash.digest("base64");
}

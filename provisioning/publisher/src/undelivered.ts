import type { Files, FileVersion, Wanted } from "./files";

/** How long an object may keep its course from being published, and how often it is tried after that. */
const PATIENCE_MS = 60_000;

/**
 * Objects that the store lists, but does not deliver as listed: it answers 404, or with other bytes. Mostly they have just
 * been overwritten and the next listing has their new version. A store may also have lost one for good, and that
 * must not hold up its course for ever: after a minute the site keeps the version it has of that one object.
 */
export class Undelivered {
  private readonly objects = new Map<string, { hash: string; since: number; triedAt: number }>();

  get isEmpty(): boolean {
    return this.objects.size === 0;
  }

  /** Notes what a fetch did not get, and forgets what it got. @param now in ms, of a clock that is never set */
  note(fetched: Iterable<string>, moved: FileVersion[], now: number): void {
    for (const name of fetched) this.objects.delete(name);
    for (const { name, hash } of moved) {
      const before = this.objects.get(name);
      this.objects.set(name, { hash, since: before?.hash === hash ? before.since : now, triedAt: now });
    }
  }

  /** Gives up, for now, those that have not come for too long: they are as they were published, and named as skipped. */
  giveUp(wanted: Wanted, published: Files, now: number): void {
    for (const [name, { hash, since, triedAt }] of this.objects) {
      if (wanted.files.get(name)?.hash !== hash) this.objects.delete(name);
      else if (now - since >= PATIENCE_MS && now - triedAt < PATIENCE_MS) {
        const before = published.get(name);
        if (before === undefined) wanted.files.delete(name);
        else wanted.files.set(name, before);
        wanted.skipped.push({ name, reason: "the store lists it, but does not deliver it as listed" });
      }
    }
  }
}

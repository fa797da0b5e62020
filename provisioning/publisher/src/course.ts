import { existsSync } from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ListingMemory, SwiftClient } from "../../../swift/client";
import type { ListedObject } from "../../../swift/listing";
import { Announcements } from "./announcements";
import type { Config, Course } from "./config";
import { Memory } from "./courseState";
import { DeletionGuard } from "./deletionGuard";
import { DynamicObjects } from "./dynamic";
import { Fetcher, type FetchProgress, type Way } from "./fetcher";
import {
  type Difference,
  difference,
  type Edit,
  editBetween,
  type Files,
  type FileVersion,
  type Skipped,
  sameContent,
  type Wanted,
  WantedFiles,
  withHeld,
} from "./files";
import { type Journal, mebibytes, oneLine } from "./journal";
import { collectGarbage } from "./memory";
import type { Mount } from "./mount";
import { DamagedRelease, type Release, Releases } from "./releases";
import { Rollback } from "./rollback";
import { type Look, lookNow, Settling } from "./settling";
import type { CourseState, CourseStatus, Publication } from "./status";
import { BEFORE } from "./strayLinks";
import { Undelivered } from "./undelivered";

/** Of the skipped objects the status names so many. */
const MAX_SKIPPED = 100;
/** A fetch that takes longer says how far it is, this often. */
const PROGRESS_MS = 5_000;
/** So much of a listing leaves much behind. */
const MANY_ROWS = 20_000;
/** A listing that takes longer is worth a question whether anything has changed at all. */
const CHEAP_LISTING_MS = 200;
/** But not for longer than this many times the duration of the listing: an overwrite of the same size changes no sum. */
const UNLISTED = { lively: 0.5, idle: 5 };
/** While a listing is under way it is looked this often whether something was announced. */
const ANNOUNCED_MS = 20;
/** What a page still open asks for after a switch is found in the release before for so long. */
const GRACE_MS = 600_000;
/** A course without a change for so long is idle. */
const IDLE_MS = 600_000;

/** The store changed while it was read: listing it again helps, and soon. */
export class StoreChanging extends Error {
  constructor(name: string, count: number) {
    super(`${count} objects do not come as the store lists them, ${oneLine(name)} first; listing again`);
  }
}

export interface CourseDependencies {
  config: Config;
  store: SwiftClient;
  mount: Mount;
  journal: Journal;
  /** Called at each step that gets a course ahead; what the watchdog goes by. */
  onProgress: () => void;
  /** Called when a release of the course is on the site: found there at the start, or new. */
  onPublished: () => void;
}

/** Brings one course from the store to the site: `cycle` makes the site what the store's listing says. */
export class CoursePublisher {
  readonly rollback: Rollback;
  /** Whether the last cycle failed. */
  inOutage = false;
  private readonly prefix: string;
  private readonly link: string;
  private readonly releases: Releases;
  private readonly fetcher: Fetcher;
  private readonly dynamic: DynamicObjects;
  private readonly undelivered = new Undelivered();
  private readonly memory: Memory;
  private current: Release | undefined;
  private opened = false;
  private readonly guard: DeletionGuard;
  private skipped: Skipped[] = [];
  private publishing = false;
  private fetching: CourseStatus["fetching"] | undefined;
  /** Whether someone has asked since this cycle began to publish without settling; and whether this one does, or the next if it fails. */
  private hurried = false;
  private hurries = false;
  private grace: NodeJS.Timeout | undefined;
  private readonly settling: Settling;
  private readonly announcements: Announcements;
  private readonly announcedSettling: Settling;
  private readonly listing: ListingMemory = {};
  /** The last listing, where it was one page; and such a one that the site follows wholly: the same again is nothing to do. */
  private onlyPage: ListedObject[] | undefined;
  private settledPage: ListedObject[] | undefined;
  private listedAt: Date | undefined;
  /** The last listing that ended well. */
  private look: Look | undefined;
  private announcedLook: Look | undefined;
  private listingMs = 0;
  /** What the container's head said before the last listing that ended well, where that was worth asking. */
  private sums: string | undefined;
  private changedAt = performance.now();
  /** Begin of the last look that left nothing to be published. */
  private caughtUpAt: number | undefined;
  private problem: CourseStatus["lastError"] = null;

  constructor(
    readonly course: Course,
    private readonly dependencies: CourseDependencies,
  ) {
    const { config, store, mount, journal, onProgress } = dependencies;
    this.prefix = course.source === "" ? "" : `${course.source}/`;
    this.link = path.join(config.webRoot, course.path);
    this.releases = new Releases(
      path.join(config.releasesDir, course.name),
      { now: this.link, before: path.join(config.webRoot, BEFORE, course.path) },
      config.keepReleases,
      onProgress,
    );
    const source = { container: course.container, prefix: this.prefix };
    this.fetcher = new Fetcher(store, mount, source, this.releases.staging, onProgress);
    this.dynamic = new DynamicObjects(store, source);
    this.settling = new Settling(course.settle);
    this.announcements = new Announcements(store, source);
    this.announcedSettling = new Settling(course.settle);
    this.memory = new Memory(path.join(config.stateDir, `${course.name}.json`));
    this.rollback = new Rollback(course.name, this.releases, this.memory, journal);
    this.guard = new DeletionGuard(course.name, config.massDeletion, this.memory, this.releases, journal);
  }

  /** Whether visitors find the course; known before anything else is. */
  get isPublished(): boolean {
    return existsSync(this.link);
  }

  /** The last change of what visitors find; undefined before the first. */
  get lastPublication(): Publication | undefined {
    return this.memory.lastPublication;
  }

  /** Finds what is published already. Nothing of it needs the store. */
  async open(): Promise<void> {
    if (this.opened) return;
    this.current = await this.releases.open(this.memory.shown?.release);
    this.opened = true;
    this.rollback.endIfPublished();
    if (this.current !== undefined) this.dependencies.onPublished();
    // Whenever the last switch was: it may have been a moment before the restart.
    this.beginGrace();
  }

  /**
   * Lists the store and publishes what differs, once it has settled.
   * @param force lists in any case; else not where that is expensive and nothing seems to have changed
   * @returns ms after which to look again, where that is sooner than usual
   * @throws StoreChanging; anything else is an outage, and has changed nothing
   */
  async cycle(force = true): Promise<number | undefined> {
    this.dependencies.onProgress();
    await this.open();
    this.hurries ||= this.hurried;
    this.hurried = false;
    const soon = await this.catchUp(force || this.hurries);
    this.hurries = false;
    return soon;
  }

  private async catchUp(force: boolean): Promise<number | undefined> {
    if (this.announcements.isWaiting) {
      // However much is announced, and whatever of it fails, the listing stays the truth.
      const soon = await this.followAnnounced().catch((error) => {
        if (!this.isDue()) throw error;
        return this.leaveToListing();
      });
      if (soon !== "list" && !this.hurries && !this.isDue()) return soon;
      force = true;
    }
    const sums = await this.askSums();
    if (!force && sums !== undefined && sums === this.sums && !this.settling.isWaiting && !this.isDue())
      return undefined;
    const look = lookNow(this.look);
    const wanted = await this.list();
    this.look = look;
    this.sums = sums;
    this.listingMs = performance.now() - look.at;
    if (wanted === undefined) return undefined;
    this.settledPage = undefined;
    if (this.rollback.isPinned) return undefined;
    const changes = difference(this.current?.files ?? new Map(), wanted.files);
    const soon = await this.settle(this.settling, this.fresh(changes), look);
    if (soon > 0) return soon;
    await this.follow(wanted, changes, look.at);
    return undefined;
  }

  /**
   * Publishes what was announced, without a listing where that is expensive.
   * @returns "list" where a listing does as well, else ms after which to look again, where that is sooner than usual
   */
  private async followAnnounced(): Promise<number | "list" | undefined> {
    if (this.listingMs < CHEAP_LISTING_MS || this.current === undefined || this.rollback.isOn)
      return this.leaveToListing();
    const look = lookNow(this.announcedLook);
    this.announcedLook = look;
    const { files: published, folders } = this.current;
    const versions = await this.announcements.versions(published, folders);
    const changes = news(published, versions);
    // A mount would list the whole folder first.
    await this.fetch([...changes.added, ...changes.changed], "store");
    const soon = await this.settle(this.announcedSettling, changes, look);
    if (soon > 0) return soon;
    try {
      if (hasChanges(changes))
        await this.release({ put: [...changes.added, ...changes.changed], removed: [] }, changes, look.at);
    } catch (error) {
      this.announcements.askAgain();
      throw error;
    }
    this.announcements.published(versions);
    this.announcedSettling.reset();
    return undefined;
  }

  private leaveToListing(): "list" {
    this.announcements.leaveToListing();
    this.announcedSettling.reset();
    return "list";
  }

  /** Makes the site what is wanted, as far as the guard lets it. */
  private async follow(wanted: Wanted, changes: Difference, began: number): Promise<void> {
    const verdict = this.guard.pass(changes.deleted, wanted, this.current);
    const applied = { ...changes, deleted: verdict.apply };
    if (hasChanges(applied) || verdict.restore.length > 0) {
      const files = withHeld(wanted, this.guard.held);
      await this.release(editBetween(this.current?.files ?? new Map(), files), applied, began);
    }
    this.settling.reset();
    this.publishing = false;
    this.guard.carriedOut(verdict);
    this.caughtUpAt = began;
    const mayChangeByItself = this.guard.isWatching || !this.undelivered.isEmpty || hasDynamic(this.current);
    if (!mayChangeByItself) this.settledPage = this.onlyPage;
  }

  private async release(edit: Edit, changes: Difference, began: number): Promise<void> {
    // What was announced goes ahead of it: the same page again is something to do then.
    this.settledPage = undefined;
    // Where the store changes meanwhile this stays set: the publication goes on with the next listing.
    this.publishing = true;
    const release = await this.publish(edit, changes, began);
    this.rollback.end();
    this.publishing = false;
    this.dependencies.onPublished();
    await this.releases.tidy(release);
    this.changedAt = performance.now();
    this.beginGrace();
  }

  private beginGrace(): void {
    clearTimeout(this.grace);
    this.grace = setTimeout(() => this.releases.forgetBefore(), GRACE_MS).unref();
  }

  /** Someone has stored this object of the container just now. */
  announce(object: string): void {
    this.announcements.add(object);
  }

  /** Lets the deletions that are held now pass the guard at the next cycle. @returns how many they are */
  approve(): number {
    return this.guard.approve();
  }

  /** Publishes at the next cycle what the store has then, settled or not. */
  hurry(): void {
    this.hurried = true;
  }

  /** For the status: what keeps the store's content from the site, in plain words. */
  noteProblem(message: string): void {
    this.problem = { at: new Date().toISOString(), message };
  }

  get status(): CourseStatus {
    const files = this.current?.files;
    let bytes = 0;
    for (const file of files?.values() ?? []) bytes += file.bytes;
    return {
      name: this.course.name,
      path: this.course.path,
      state: this.state(),
      lastListing: this.listedAt?.toISOString() ?? null,
      lagSeconds: this.caughtUpAt === undefined ? null : Math.round(performance.now() - this.caughtUpAt) / 1000,
      lastPublication: this.memory.lastPublication ?? null,
      publications: this.memory.publications,
      files: files?.size ?? 0,
      bytes,
      fetching: this.fetching ?? null,
      heldDeletions: this.guard.held.length,
      skipped: this.skipped.slice(0, MAX_SKIPPED),
      lastError: this.problem,
    };
  }

  private state(): CourseState {
    if (this.inOutage) return "outage";
    if (this.rollback.isOn) return this.rollback.isPinned ? "pinned" : "rolled back";
    if (this.publishing || this.settling.isWaiting || this.announcedSettling.isWaiting) return "publishing";
    return this.current === undefined ? "waiting" : "current";
  }

  /** What a large container's head says, which is cheaper to ask for than a listing; `undefined` where that is cheap as well. */
  private async askSums(): Promise<string | undefined> {
    if (this.listingMs < CHEAP_LISTING_MS) return undefined;
    const { headers } = await this.dependencies.store.head(this.course.container);
    return `${headers["x-container-object-count"]} ${headers["x-container-bytes-used"]}`;
  }

  /** Whether a listing is needed that nothing has asked for. */
  private isDue(): boolean {
    const share = performance.now() - this.changedAt < IDLE_MS ? UNLISTED.lively : UNLISTED.idle;
    return performance.now() - (this.look?.at ?? 0) > this.listingMs * (1 + share);
  }

  /** @returns ms until these changes may be published, 0: now. Those that have to wait are fetched meanwhile. */
  private async settle(settling: Settling, changes: Difference, look: Look): Promise<number> {
    if (!hasChanges(changes)) return 0;
    if (settling.remaining(changes, look, performance.now()) === 0 || this.hurries) return 0;
    // What does not come as it is listed, is listed anew before it is missed.
    await this.fetch([...changes.added, ...changes.changed]);
    return settling.remaining(changes, look, performance.now());
  }

  /** Without the deletions that are held already. */
  private fresh(changes: Difference): Difference {
    if (this.guard.held.length === 0) return changes;
    const held = new Set(this.guard.held.map(({ name }) => name));
    return { ...changes, deleted: changes.deleted.filter((name) => !held.has(name)) };
  }

  /** @returns what is wanted; `undefined` where the listing is still the one that the site follows wholly */
  private async list(): Promise<Wanted | undefined> {
    const { onProgress } = this.dependencies;
    const began = performance.now();
    const gathered = new WantedFiles(this.prefix, this.current?.files ?? new Map());
    let pages = 0;
    let rows = 0;
    for await (const page of this.pages()) {
      onProgress();
      if (page === this.settledPage) {
        this.listedAt = new Date();
        this.caughtUpAt = began;
        return undefined;
      }
      gathered.add(page);
      rows += page.length;
      if (rows >= MANY_ROWS) {
        collectGarbage();
        rows = 0;
      }
      this.onlyPage = ++pages === 1 ? page : undefined;
    }
    const wanted = gathered.result();
    // A site that is ahead of this listing has something to do when the same listing comes again.
    if (this.announcements.keepAhead(wanted, began)) this.onlyPage = undefined;
    await this.dynamic.check(wanted.files);
    this.undelivered.giveUp(wanted, this.current?.files ?? new Map(), performance.now());
    this.listedAt = new Date();
    this.skipped = wanted.skipped;
    return wanted;
  }

  /** The pages of a listing. A page takes longer than an announced object should: that goes ahead while the page is on its way. */
  private async *pages(): AsyncGenerator<ListedObject[]> {
    const { store, onProgress } = this.dependencies;
    const pages = store.listPages(this.course.container, this.prefix, this.listing, onProgress);
    for (;;) {
      const next = pages.next();
      await this.followAnnouncedUntil(next);
      const { value, done } = await next;
      if (done) return;
      yield value;
    }
  }

  private async followAnnouncedUntil(end: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    // Whether it ends well is the business of whoever waits for its value.
    void end.catch(() => undefined).finally(() => over.abort());
    while (!over.signal.aborted) {
      // What fails is tried again, and told, by the next cycle.
      const soon = this.announcements.isWaiting ? await this.followAnnounced().catch(() => "list" as const) : undefined;
      if (soon === "list") return;
      await sleep(soon ?? ANNOUNCED_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  }

  private async publish(edit: Edit, changes: Difference, began: number): Promise<Release> {
    const { journal } = this.dependencies;
    const { staged, moved } = await this.fetch([...changes.added, ...changes.changed]);
    this.undelivered.note(staged.keys(), moved, performance.now());
    if (moved[0] !== undefined) throw new StoreChanging(moved[0].name, moved.length);

    const put = edit.put.map((version) => staged.get(version.name)?.version ?? version);
    try {
      const isWanted = () => !this.rollback.isPinned;
      this.current = await this.releases.publish(this.current, { ...edit, put }, staged, isWanted);
    } catch (error) {
      if (error instanceof DamagedRelease) this.releases.forgetMissing(this.current, error);
      throw error;
    }
    const durationMs = Math.round(performance.now() - began);
    const counts = { added: changes.added.length, changed: changes.changed.length, deleted: changes.deleted.length };
    this.memory.rememberPublication({
      release: this.current.id,
      at: new Date().toISOString(),
      ...counts,
      durationMs,
    });
    journal.info(
      `${this.course.name}: published ${this.current.id}: ${counts.added} added, ${counts.changed} changed, ${counts.deleted} deleted, ` +
        `${this.current.files.size} files, in ${durationMs} ms`,
    );
    return this.current;
  }

  private async fetch(versions: FileVersion[], way: Way = "mount"): ReturnType<Fetcher["fetch"]> {
    const { journal } = this.dependencies;
    const ofBytes = versions.reduce((sum, { bytes }) => sum + bytes, 0);
    const ofFiles = versions.length;
    await this.releases.makeRoom(await this.fetcher.bytesToCome(versions));
    let saidAt = performance.now();
    try {
      return await this.fetcher.fetch(versions, way, ({ files, bytes }: FetchProgress) => {
        this.fetching = { files, ofFiles, bytes, ofBytes };
        if (performance.now() - saidAt < PROGRESS_MS) return;
        saidAt = performance.now();
        collectGarbage();
        journal.info(
          `${this.course.name}: ${files} of ${ofFiles} files fetched (${mebibytes(bytes)} of ${mebibytes(ofBytes)} MiB)`,
        );
      });
    } finally {
      this.fetching = undefined;
    }
  }
}

/** What of these versions is not published. */
function news(published: Files, versions: FileVersion[]): Difference {
  const changes: Difference = { added: [], changed: [], deleted: [] };
  for (const version of versions) {
    const before = published.get(version.name);
    if (before === undefined) changes.added.push(version);
    else if (!sameContent(before, version)) changes.changed.push(version);
  }
  return changes;
}

function hasChanges({ added, changed, deleted }: Difference): boolean {
  return added.length + changed.length + deleted.length > 0;
}

/** Dynamic large objects change without their listing. */
function hasDynamic(release: Release | undefined): boolean {
  for (const { dynamicEtag } of release?.files.values() ?? []) if (dynamicEtag !== undefined) return true;
  return false;
}

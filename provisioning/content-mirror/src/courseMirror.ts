import type { ListingMemory, SwiftClient } from "../../../swift/client";
import { SwiftError } from "../../../swift/errors";
import type { ListedObject } from "../../../swift/listing";
import type { MassDeletion } from "../../publisher/src/config";
import { EMPTIED_MARKER } from "../../publisher/src/files";
import { type DeletionRun, judge } from "../../publisher/src/guard";
import { type Journal, mebibytes } from "../../publisher/src/journal";
import { eachOf } from "../../publisher/src/pace";
import type { MirroredCourse } from "./config";
import { copyObject, isDynamic, type Side } from "./copy";
import { compare, isAlike, type Pair, versionsOf } from "./differences";
import type { CourseState } from "./state";

/** Objects that are copied, asked for or deleted at the same time. */
const AT_ONCE = 8;
/** After so many objects that fail one after the other, one of the stores has gone away. */
const MAX_FAILURES = 10;
/** An object that could not be copied so many times in a row says nothing of the stores, and holds up deletions no longer. */
const PATIENCE = 3;
/** Milliseconds between two notes of what is left to copy. */
const NOTE_MS = 5_000;
/** Pages come last, when what they refer to is there. */
const PAGE = /\.x?html?$/i;

export interface CourseMirrorOptions {
  course: MirroredCourse;
  from: SwiftClient;
  to: SwiftClient;
  massDeletion: MassDeletion;
  journal: Journal;
  /** As a former run has left it. */
  run: DeletionRun | undefined;
  note: (change: Partial<CourseState>) => void;
}

/** An object that could not be copied. */
interface Failure {
  name: string;
  reason: string;
}

/** Keeps a course's container in step with the one that it is copied from. */
export class CourseMirror {
  private readonly from: Side;
  private readonly to: Side;
  private readonly marker: string;
  private readonly memories = { from: {} as ListingMemory, to: {} as ListingMemory };
  /** Pairs of which the listings say nothing, and their heads have shown that they are alike. */
  private readonly known = new Set<string>();
  /** Objects that could not be copied, and how often in a row. */
  private readonly failing = new Map<string, number>();
  private run: DeletionRun | undefined;
  private held = 0;
  /** When the comparison before this one began; only what has changed since then tells of a lag. */
  private comparedAt: number | undefined;

  constructor(private readonly options: CourseMirrorOptions) {
    const { course, from, to, run } = options;
    this.from = { store: from, container: course.from };
    this.to = { store: to, container: course.container };
    this.marker = `${course.source === "" ? "" : `${course.source}/`}${EMPTIED_MARKER}`;
    this.run = run;
  }

  /**
   * Compares both containers, copies what differs and deletes what is gone.
   * @returns seconds that the listings took
   * @throws SwiftError where one of the stores gives no complete listing, or fails again and again: what is there stays
   */
  async pass(): Promise<number> {
    const began = Date.now();
    const [there, here] = await Promise.all([listed(this.from, this.memories.from), this.listCopies()]);
    const listSeconds = (Date.now() - began) / 1000;
    const [source, copies] = this.withoutOldMarker(there, here);
    const { copy, unsure, gone } = compare(source, copies, (pair) => this.known.has(versionsOf(pair)));
    copy.push(...(await this.unlike(unsure)));
    const deletions = this.judge(source, copies, gone);
    const { note } = this.options;
    note({ objects: source.length, held: this.held, run: this.run });

    const { failures, copied, bytes, lagSeconds } = await this.copyAll(copy);
    const postponed = failures.some(({ name }) => (this.failing.get(name) ?? 0) < PATIENCE);
    const deleted = postponed ? 0 : await this.deleteAll(deletions);
    const left = failures.length + gone.length - deleted;
    note({
      state: left === 0 ? "in step" : "different",
      different: left,
      comparedAt: new Date(began).toISOString(),
      problem: this.problemOf(failures),
      ...(left === 0 && { inStepAt: new Date().toISOString() }),
      ...(lagSeconds !== undefined && { lagSeconds }),
    });
    this.comparedAt = began;
    const what = [
      ...(copied > 0 ? [`${copied} copied (${mebibytes(bytes)} MiB)`] : []),
      ...(deleted > 0 ? [`${deleted} deleted`] : []),
      ...(failures.length > 0 ? [`${failures.length} could not be copied`] : []),
    ];
    if (copied + deleted > 0) {
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      this.options.journal.info(`${this.options.course.name}: ${what.join(", ")} in ${seconds} s`);
    }
    return listSeconds;
  }

  /**
   * A marker that is old at the source is left out, here as well: a copy made now would be new, and say of what has just
   * been lost here that it was deleted on purpose; and one that was made when it was new is not gone.
   */
  private withoutOldMarker(source: ListedObject[], copies: ListedObject[]): [ListedObject[], ListedObject[]] {
    const oldest = Date.now() - this.options.massDeletion.windowSeconds * 1000;
    const marker = source.find(({ name }) => name === this.marker);
    if (marker === undefined || Date.parse(`${marker.lastModified}Z`) > oldest) return [source, copies];
    const isOther = ({ name }: ListedObject) => name !== this.marker;
    return [source.filter(isOther), copies.filter(isOther)];
  }

  /** A container that was lost is made anew. */
  private async listCopies(): Promise<ListedObject[]> {
    const { store, container } = this.to;
    try {
      return await listed(this.to, this.memories.to);
    } catch (error) {
      if (!(error instanceof SwiftError) || error.kind !== "notFound") throw error;
      await store.createContainer(container);
      this.options.journal.warn(`${this.options.course.name}: container ${container} was not there; it is made anew`);
      return await listed(this.to, this.memories.to);
    }
  }

  /** Asks for the heads of both. @returns what is to be copied */
  private async unlike(pairs: Pair[]): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    await eachOf(pairs, AT_ONCE, async (pair) => {
      const [{ name }] = pair;
      try {
        const [source, copy] = await Promise.all(
          [this.from, this.to].map(({ store, container }) => store.head(container, name)),
        );
        if (source === undefined || copy === undefined || !isAlike(source, copy)) found.push(pair[0]);
        // Of a dynamic large object every comparison has to ask.
        else if (!isDynamic(source) && !isDynamic(copy)) this.known.add(versionsOf(pair));
      } catch (error) {
        // Deleted just now: the next listing tells.
        if (!(error instanceof SwiftError) || error.kind !== "notFound") throw error;
      }
    });
    return found;
  }

  /** Decides of what is gone at the source, by the publisher's rule. @returns what is to be deleted here */
  private judge(source: ListedObject[], copies: ListedObject[], gone: ListedObject[]): ListedObject[] {
    const { course, massDeletion, journal } = this.options;
    const isMeant = source.some(({ name }) => name === this.marker);
    const back = new Set(this.run && source.map(({ name }) => name));
    const { held, run, restore } = judge(
      massDeletion,
      {
        versions: gone.map(({ name, hash, bytes, lastModified }) => ({ name, hash, bytes, lastModified })),
        published: copies.length,
        leavesNothing: source.every(({ name }) => name === this.marker),
        approved: new Set(isMeant ? gone.map(({ name }) => name) : []),
      },
      this.run && { ...this.run, gone: this.run.gone.filter(({ name }) => !back.has(name)) },
      Date.now(),
    );
    // What was deleted before can't be restored here; it goes on to count.
    this.run = run && { ...run, gone: [...run.gone, ...restore] };
    const heldNames = new Set(held);
    const passed = gone.filter(({ name }) => !heldNames.has(name));
    const before = this.held;
    this.held = gone.length - passed.length;
    if (this.held > 0 && before === 0) journal.warn(`${course.name}: ${this.heldInWords()}`);
    return passed;
  }

  /** @throws SwiftError where one after the other fails */
  private async copyAll(objects: ListedObject[]) {
    const sum = { failures: [] as Failure[], copied: 0, bytes: 0, lagSeconds: undefined as number | undefined };
    const { note } = this.options;
    const names = new Set(objects.map(({ name }) => name));
    for (const name of this.failing.keys()) if (!names.has(name)) this.failing.delete(name);
    let left = objects.length;
    let inARow = 0;
    let notedAt = 0;
    // What failed the last time comes last of all: it keeps nothing else from being copied.
    const rank = ({ name }: ListedObject) => (this.failing.has(name) ? 2 : Number(PAGE.test(name)));
    const ordered = [...objects].sort((one, other) => rank(one) - rank(other));
    await eachOf(ordered, AT_ONCE, async (object) => {
      if (performance.now() - notedAt > NOTE_MS) {
        notedAt = performance.now();
        note({ state: "copying", different: left });
      }
      const bytes = await this.copyOne(object).catch((error: unknown) => {
        if (!(error instanceof SwiftError)) throw error;
        const { name } = object;
        const times = (this.failing.get(name) ?? 0) + 1;
        this.failing.set(name, times);
        sum.failures.push({ name, reason: error.message });
        if (times < PATIENCE && ++inARow >= MAX_FAILURES) throw error;
      });
      left--;
      if (bytes === undefined) return;
      this.failing.delete(object.name);
      inARow = 0;
      sum.copied++;
      sum.bytes += bytes;
      const storedAt = Date.parse(`${object.lastModified}Z`);
      if (this.comparedAt !== undefined && storedAt > this.comparedAt)
        sum.lagSeconds = Math.max(sum.lagSeconds ?? 0, (Date.now() - storedAt) / 1000);
    });
    return sum;
  }

  /** Once more where something broke off. @returns its bytes; undefined where it is gone by now */
  private async copyOne(object: ListedObject): Promise<number | undefined> {
    try {
      return await copyObject(this.from, this.to, object);
    } catch (error) {
      if (!(error instanceof SwiftError) || error.timedOut) throw error;
      return await copyObject(this.from, this.to, object);
    }
  }

  /** Deletes what the source itself says, object by object, that it does not have. @returns how many */
  private async deleteAll(objects: ListedObject[]): Promise<number> {
    let deleted = 0;
    await eachOf(objects, AT_ONCE, async ({ name }) => {
      if (await exists(this.from, name)) return;
      await this.to.store.delete(this.to.container, name).catch((error: unknown) => {
        if (!(error instanceof SwiftError) || error.kind !== "notFound") throw error;
      });
      deleted++;
    });
    return deleted;
  }

  private problemOf([failure, ...more]: Failure[]): string | null {
    if (this.held > 0) return this.heldInWords();
    if (failure === undefined) return null;
    const others = more.length > 0 ? `, nor can ${more.length} others` : "";
    return `${JSON.stringify(failure.name)} can't be copied${others}: ${failure.reason}`;
  }

  private heldInWords(): string {
    const { marker, held, from } = this;
    return (
      `${held} objects are gone at the source; they stay here until they are back, or an object ${marker} in container` +
      ` ${from.container} there says that it was meant`
    );
  }
}

async function listed({ store, container }: Side, memory: ListingMemory): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const page of store.listPages(container, "", memory)) objects.push(...page);
  return objects;
}

async function exists({ store, container }: Side, name: string): Promise<boolean> {
  try {
    await store.head(container, name);
    return true;
  } catch (error) {
    if (error instanceof SwiftError && error.kind === "notFound") return false;
    throw error;
  }
}

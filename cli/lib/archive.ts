import { archiveOf } from "../../config/archive";
import { closest } from "../../config/closest";
import { eachOf } from "../../provisioning/publisher/src/pace";
import type { SwiftClient } from "../../swift/client";
import { SwiftError } from "../../swift/errors";
import type { ListedObject } from "../../swift/listing";
import { isPage } from "./contentTypes";
import { UserError } from "./errors";
import { ProgressBar } from "./progress";
import type { Course } from "./stackConfig";

/** Content type by which Swift marks that an object was deleted (swift/common/middleware/versioned_writes/legacy.py). */
const DELETED = "application/x-deleted;swift_versions_deleted=1";

/** Names in an archive: length of the object's name in hexadecimal, its name, the time in seconds. */
const ARCHIVED = /^([0-9a-f]{3})(.*)\/(\d+)\.(\d{3})\d*(_[0-9a-f]+)?$/s;

/** Objects that are restored at the same time. */
const AT_ONCE = 8;

/** What an archive holds of an object: what it once was, or that it was deleted. */
export interface Version {
  /** Name of the object in the course's container. */
  object: string;
  /** When it was stored; of a deletion, when that was. Milliseconds since 1970. */
  at: number;
  deleted: boolean;
  /** In the archive. */
  entry: ListedObject;
}

/**
 * What the archive of a course holds, newest first.
 * @param object only of this one. Default: of all.
 * @throws UserError where there is no archive; SwiftError
 */
export async function readArchive(client: SwiftClient, { container }: Course, object?: string): Promise<Version[]> {
  const entries = await client
    .list(archiveOf(container), object === undefined ? "" : prefixOf(object))
    .catch((error: unknown) => {
      if (!(error instanceof SwiftError) || error.kind !== "notFound") throw error;
      throw new UserError(
        `Container ${container} has no archive: what was overwritten or deleted there is gone. Set "xwmooc:archive: true" ` +
          "in the stack's file and run `npm run pulumi -- up`; what is overwritten or deleted after that is kept.",
      );
    });
  return entries.flatMap((entry) => versionOf(entry) ?? []).sort((a, b) => b.at - a.at);
}

function prefixOf(object: string): string {
  return `${Buffer.byteLength(object).toString(16).padStart(3, "0")}${object}/`;
}

/** What else somebody has put into the archive is passed over. */
function versionOf(entry: ListedObject): Version | undefined {
  const [, length = "", object = "", seconds, thousandths] = ARCHIVED.exec(entry.name) ?? [];
  if (object === "" || Number.parseInt(length, 16) !== Buffer.byteLength(object)) return undefined;
  const at = Number(seconds) * 1000 + Number(thousandths);
  return { object, at, deleted: entry.contentType === DELETED, entry };
}

/**
 * Brings an object back: the newest version that the archive holds of it, or of those stored at a time or before it.
 * @param before milliseconds since 1970. Default: now.
 * @returns the version; undefined where the object is already what it is to be.
 * @throws UserError where the archive has no such version; SwiftError
 */
export async function restoreObject(
  client: SwiftClient,
  course: Course,
  object: string,
  before?: number,
): Promise<Version | undefined> {
  const versions = (await readArchive(client, course, object)).filter(({ deleted }) => !deleted);
  if (versions.length === 0) throw await notArchived(client, course, object);
  const live = (await client.list(course.container, object)).find(({ name }) => name === object);
  if (live && before !== undefined && storedAt(live) <= before) return undefined;
  const version = versions.find(({ at }) => before === undefined || at <= before);
  if (version === undefined) {
    const oldest = versions.at(-1)?.at ?? 0;
    throw new UserError(
      `The oldest version of ${object} in the archive is of ${timeText(oldest)}: give that or later.`,
    );
  }
  if (live && isAlike(live, version.entry)) return undefined;
  await bringBack(client, course, version);
  return version;
}

async function notArchived(client: SwiftClient, course: Course, object: string): Promise<UserError> {
  const versions = await readArchive(client, course);
  const names = [...new Set(versions.filter(({ deleted }) => !deleted).map((version) => version.object))];
  // Authors know the name below the course's folder.
  const inFolders = names.filter((name) => name.endsWith(`/${object}`));
  const near = inFolders.length > 0 ? inFolders.slice(0, 3) : [closest(object, names)].filter(Boolean);
  const hint =
    near.length > 0
      ? `Did you mean ${near.map((name) => JSON.stringify(name)).join(" or ")}?`
      : `\`npm run restore -- ${course.name}\` lists what there is.`;
  return new UserError(`The archive of course ${course.name} holds no ${JSON.stringify(object)}. ${hint}`);
}

/** What restoring a course did. */
export interface RestoreResult {
  restored: number;
  failed: { name: string; reason: string }[];
}

/**
 * Brings back each object that was overwritten or deleted since a time, as it was then; pages come last. Objects that are new since
 * then stay. An interrupted run is continued by doing it again.
 * @param at milliseconds since 1970
 * @param onProgress takes a line of progress now and then. Default: a progress bar on standard output.
 * @throws UserError where there is no archive; SwiftError. Objects of which parts are lost are in the result.
 */
export async function restoreCourse(
  client: SwiftClient,
  course: Course,
  at: number,
  onProgress?: (line: string) => void,
): Promise<RestoreResult> {
  const [versions, live] = await Promise.all([readArchive(client, course), client.list(course.container)]);
  const then = asOf(at, versions, new Map(live.map((object) => [object.name, object])));
  const bytes = then.reduce((sum, { entry }) => sum + entry.bytes, 0);
  const bar = new ProgressBar(course.name, then.length, bytes, onProgress);
  const result: RestoreResult = { restored: 0, failed: [] };
  try {
    for (const pages of [false, true]) {
      const wave = then.filter(({ object }) => isPage(object) === pages);
      await eachOf(wave, AT_ONCE, async (version) => {
        try {
          await bringBack(client, course, version);
          result.restored++;
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          result.failed.push({ name: version.object, reason: error.message });
        }
        bar.add(version.entry.bytes);
      });
    }
  } finally {
    bar.end();
  }
  return result;
}

/** The versions that objects had at a time and do not have any more. */
function asOf(at: number, versions: Version[], live: Map<string, ListedObject>): Version[] {
  const newest = new Map<string, Version>();
  for (const version of versions) {
    if (version.at <= at && !newest.has(version.object)) newest.set(version.object, version);
  }
  return [...newest.values()].filter(({ object, deleted, entry }) => {
    const now = live.get(object);
    return !deleted && (now === undefined || (storedAt(now) > at && !isAlike(now, entry)));
  });
}

/** Copies within the store; a large object keeps the parts that it had. */
async function bringBack(client: SwiftClient, { container }: Course, { object, entry }: Version): Promise<void> {
  const source = { container: archiveOf(container), object: entry.name };
  const version = await client.head(source.container, source.object);
  await client.copy(source, { container, object }).catch((error: unknown) => {
    const isRefused = error instanceof SwiftError && error.status === 400;
    if (!isRefused || version.headers["x-static-large-object"] === undefined) throw error;
    throw new UserError(`${object} was a large object, and parts of it are not in the store any more.`);
  });
  const { etag } = await client.head(container, object);
  if (etag !== version.etag)
    throw new SwiftError(
      "outage",
      `${object} has other content than its version in the archive: it was changed meanwhile`,
    );
}

function storedAt({ lastModified }: ListedObject): number {
  return Date.parse(`${lastModified}Z`);
}

function isAlike(one: ListedObject, other: ListedObject): boolean {
  return one.bytes === other.bytes && (one.sloEtag ?? one.hash) === (other.sloEtag ?? other.hash);
}

/** A time as --before takes it. */
export function timeText(at: number): string {
  return new Date(at).toISOString();
}

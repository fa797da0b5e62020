import type { ListedObject } from "../../../swift/listing";
import { foldersOf, unsafeName } from "./names";

/** One version of one file, as the store has it and as a release holds it. */
export interface FileVersion {
  /** Below the course's folder. */
  name: string;
  /** The listing's hash. Not the content's MD5 for a large object. */
  hash: string;
  bytes: number;
  /** UTC, as the listing has it. */
  lastModified: string;
  /**
   * ETag of a dynamic large object, whose listing entry says nothing of its content (see `dynamic.ts`).
   */
  dynamicEtag?: string;
}

/** An object that is not published, and why. */
export interface Skipped {
  name: string;
  reason: string;
}

export type Files = Map<string, FileVersion>;

/** What the store wants the site to be: the files, and the objects that can't be files. */
export interface Wanted {
  files: Files;
  /** The folders that the files lie in. */
  folders: ReadonlySet<string>;
  skipped: Skipped[];
  /** When the author last said that this course is emptied on purpose; UTC, as the listing has it. */
  emptiedAt?: string | undefined;
}

/** An object of this name in the course's folder says that what is missing was deleted on purpose. It is not published. */
export const EMPTIED_MARKER = ".emptied-on-purpose";

/** Whether both are one content, so that nothing has to be fetched. */
export function sameContent(a: FileVersion, b: FileVersion): boolean {
  if (a.hash !== b.hash || a.bytes !== b.bytes) return false;
  if (a.dynamicEtag !== undefined && b.dynamicEtag !== undefined) return a.dynamicEtag === b.dynamicEtag;
  // An object that looks empty may be the manifest of a dynamic large object, written anew with other segments.
  return a.bytes > 0 || a.lastModified === b.lastModified;
}

/** Gathers a listing, page by page, into the files that a release should have. */
export class WantedFiles {
  private readonly files: Files = new Map();
  private readonly skipped: Skipped[] = [];
  private readonly folders = new Set<string>();
  private emptiedAt: string | undefined;

  /**
   * @param prefix cut off each name
   * @param published versions of the current release: what has not changed is taken from it, so that a listing of
   *   100,000 objects costs no memory while nothing changes
   */
  constructor(
    private readonly prefix: string,
    private readonly published: Files,
  ) {}

  add(page: ListedObject[]): void {
    for (const object of page) this.addObject(object);
  }

  private addObject(object: ListedObject): void {
    const name = object.name.slice(this.prefix.length);
    if (isFolderMarker(object, name)) return;
    if (name === EMPTIED_MARKER) {
      this.emptiedAt = object.lastModified;
      return;
    }
    const before = this.published.get(name);
    const reason = reasonToSkip(object, name, before !== undefined);
    if (reason !== undefined) {
      this.skipped.push({ name, reason });
      return;
    }
    const version = { name, hash: object.hash, bytes: object.bytes, lastModified: object.lastModified };
    const kept = before && sameContent(before, version) ? before : version;
    this.files.set(kept.name, kept);
    for (const folder of foldersOf(kept.name)) {
      if (this.folders.has(folder)) break;
      this.folders.add(folder);
    }
  }

  /** The result, once the listing is complete. Where a name is both a file and a folder, the folder wins. */
  result(): Wanted {
    for (const folder of this.folders) {
      if (this.files.delete(folder))
        this.skipped.push({ name: folder, reason: "other objects lie in a folder of this name" });
    }
    return { files: this.files, folders: this.folders, skipped: this.skipped, emptiedAt: this.emptiedAt };
  }
}

/** Why an object is not published. A name that is published already is one that can be: looking at each again costs most of a listing. */
function reasonToSkip({ symlinkPath }: ListedObject, name: string, isPublished: boolean): string | undefined {
  if (symlinkPath !== undefined) return "a Swift symlink; store the file itself";
  return isPublished ? undefined : unsafeName(name);
}

/** Upload tools make an object for each folder; it has no content. */
function isFolderMarker(object: ListedObject, name: string): boolean {
  const type = object.contentType.split(";", 1)[0]?.trim().toLowerCase();
  return type === "application/directory" || type === "application/x-directory" || name.endsWith("/") || name === "";
}

/** How a release would change to become what is wanted. */
export interface Difference {
  added: FileVersion[];
  changed: FileVersion[];
  /** Names. */
  deleted: string[];
}

export function difference(published: Files, wanted: Files): Difference {
  const result: Difference = { added: [], changed: [], deleted: [] };
  for (const [name, version] of wanted) {
    const before = published.get(name);
    if (before === undefined) result.added.push(version);
    else if (before !== version && !sameContent(before, version)) result.changed.push(version);
  }
  for (const name of published.keys()) if (!wanted.has(name)) result.deleted.push(name);
  return result;
}

/** What a release has otherwise than the one before it. */
export interface Edit {
  put: FileVersion[];
  /** Names. */
  removed: string[];
}

export function editBetween(published: Files, next: Files): Edit {
  const edit: Edit = { put: [], removed: [] };
  for (const [name, version] of next) if (published.get(name) !== version) edit.put.push(version);
  for (const name of published.keys()) if (!next.has(name)) edit.removed.push(name);
  return edit;
}

/** Changes `files`. @returns what undoes it */
export function apply(files: Files, { put, removed }: Edit): Edit {
  const undo: Edit = { put: [], removed: [] };
  const change = (name: string, version: FileVersion | undefined) => {
    const before = files.get(name);
    if (before === undefined) undo.removed.push(name);
    else undo.put.push(before);
    if (version === undefined) files.delete(name);
    else files.set(name, version);
  };
  for (const name of removed) change(name, undefined);
  for (const version of put) change(version.name, version);
  return undo;
}

/**
 * The files of the next release: what is wanted, and what is held. A held file gives way where its
 * name is needed for a folder now, or its folder's name for a file.
 */
export function withHeld(wanted: Wanted, held: Iterable<FileVersion>): Files {
  const files: Files = new Map(wanted.files);
  for (const version of held) {
    if (wanted.folders.has(version.name)) continue;
    if ([...foldersOf(version.name)].some((folder) => wanted.files.has(folder))) continue;
    files.set(version.name, version);
  }
  return files;
}

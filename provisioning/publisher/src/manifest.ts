import * as fs from "node:fs";
import type { Files, FileVersion } from "./files";
import { unsafeName } from "./names";

/** One row a file: name, hash, bytes, last modified, and the dynamic large object's ETag where it is one. */
type Row = [string, string, number, string, string?];

/** Where each folder of a release is on disk, as `<id>/<n>` below the course's releases; `""` is the topmost one. */
export type Folders = Map<string, string>;

/** What a release holds. */
export interface Content {
  files: Files;
  folders: Folders;
}

/** What is known of a release without reading its files. */
export interface Outline {
  folders: Folders;
  /** How it came about, where that is worth knowing. */
  step?: Step | undefined;
  /** The id of the release whose list of files tells its own, but for some. */
  list: string;
}

/** The names in which a release differs from the one before it. */
export interface Step {
  from: string;
  names: string[];
}

/** What a manifest tells of a release. */
export interface Manifest extends Content, Outline {
  /** The names in which its files are others than those of the list. */
  unlisted: Set<string>;
}

const VERSION = 4;
const PLACE = /^\d{8}-\d{8}T\d{6}Z\/\d+$/;
const ID = /^\d{8}-\d{8}T\d{6}Z$/;
/** Lists are written and read in pieces: a text of 100,000 rows would be larger than all else in memory. */
const PIECE_BYTES = 64 * 1024;

/**
 * The manifests of a course's releases:
 *
 *     <dir>/<id>.json   a line with the release's outline, then a row for each file that is another one than in the list
 *     <dir>/<id>.files  a list: a line with the number of files, then a row for each
 *
 * Many releases share one list: so publishing one file among 100,000 writes one row. Each file is there only once it is complete.
 */
export class Manifests {
  constructor(private readonly dir: string) {}

  /** Writes a manifest; its list has been written. */
  write(id: string, { files, folders, step, list, unlisted }: Manifest): void {
    const outline = { version: VERSION, files: files.size, folders: [...folders], step, list };
    // A name without more is one that the list has and the release has not.
    const rows = [...unlisted].map((name) => rowOf(files.get(name)) ?? [name]);
    writeRows(this.fileOf(id), [outline, ...rows]);
  }

  /** Writes the list of a release. */
  writeList(id: string, files: Files): void {
    writeRows(this.listOf(id), rowsOf(files));
  }

  /** @returns `undefined` where the manifest or its list is missing or damaged. */
  read(id: string): Manifest | undefined {
    const [header, ...rows] = [...parsedLines(this.fileOf(id))];
    const outline = parseHeader(header);
    const files = outline && this.readList(outline.list);
    if (outline === undefined || files === undefined) return undefined;
    const unlisted = new Set<string>();
    for (const row of rows) {
      const name = isName(row) ? row[0] : undefined;
      const version = parseRow(row);
      if (version !== undefined) files.set(version.name, version);
      else if (name === undefined) return undefined;
      else files.delete(name);
      unlisted.add(version?.name ?? (name as string));
    }
    const { folders, step, list } = outline;
    return files.size === outline.files ? { files, folders, step, list, unlisted } : undefined;
  }

  private readList(id: string): Files | undefined {
    let count: number | undefined;
    const files: Files = new Map();
    for (const row of parsedLines(this.listOf(id))) {
      if (count === undefined) {
        const { version, files: listed } = (row ?? {}) as Record<string, unknown>;
        if (version !== VERSION || typeof listed !== "number") return undefined;
        count = listed;
        continue;
      }
      const version = parseRow(row);
      if (version === undefined) return undefined;
      files.set(version.name, version);
    }
    return count === files.size ? files : undefined;
  }

  /** @returns the outline alone, `undefined` where there is none. */
  readOutline(id: string): Outline | undefined {
    for (const row of parsedLines(this.fileOf(id))) return parseHeader(row);
    return undefined;
  }

  /** Removes a release's manifest; its list may be needed by another one. */
  remove(id: string): void {
    fs.rmSync(this.fileOf(id), { force: true });
  }

  fileOf(id: string): string {
    return `${this.dir}/${id}.json`;
  }

  listOf(id: string): string {
    return `${this.dir}/${id}.files`;
  }
}

/** Takes a file from what a release is known to have, so that it counts as one that was never there. */
export function forget(manifest: Manifest, name: string): void {
  manifest.files.delete(name);
  manifest.unlisted.add(name);
}

function* rowsOf(files: Files): Generator<unknown> {
  yield { version: VERSION, files: files.size };
  for (const version of files.values()) yield rowOf(version);
}

function rowOf(version: FileVersion | undefined): Row | undefined {
  if (version === undefined) return undefined;
  const { name, hash, bytes, lastModified, dynamicEtag } = version;
  return dynamicEtag === undefined ? [name, hash, bytes, lastModified] : [name, hash, bytes, lastModified, dynamicEtag];
}

function writeRows(file: string, rows: Iterable<unknown>): void {
  const to = fs.openSync(`${file}.new`, "w", 0o644);
  try {
    let piece = "";
    for (const row of rows) {
      piece += `${JSON.stringify(row)}\n`;
      if (piece.length < PIECE_BYTES) continue;
      fs.writeFileSync(to, piece);
      piece = "";
    }
    fs.writeFileSync(to, piece);
  } finally {
    fs.closeSync(to);
  }
  fs.renameSync(`${file}.new`, file);
}

/** The lines, parsed; what can't be read or parsed is an `undefined` at the end. */
function* parsedLines(file: string): Generator<unknown> {
  try {
    for (const line of linesOf(file)) yield JSON.parse(line);
  } catch {
    yield undefined;
  }
}

function* linesOf(file: string): Generator<string> {
  const from = fs.openSync(file, "r");
  try {
    const buffer = Buffer.alloc(PIECE_BYTES);
    let rest = Buffer.alloc(0);
    for (let length = fs.readSync(from, buffer); length > 0; length = fs.readSync(from, buffer)) {
      // Cut at the ends of lines, as bytes: a piece may end within a character.
      const piece = Buffer.concat([rest, buffer.subarray(0, length)]);
      const end = piece.lastIndexOf("\n") + 1;
      if (end > 0) yield* piece.toString("utf8", 0, end - 1).split("\n");
      rest = piece.subarray(end);
    }
    if (rest.length > 0) yield rest.toString("utf8");
  } finally {
    fs.closeSync(from);
  }
}

type Header = Outline & { files: number };

function parseHeader(row: unknown): Header | undefined {
  const { version, files, folders, step, list } = (row ?? {}) as Record<string, unknown>;
  if (version !== VERSION || typeof files !== "number" || !Array.isArray(folders)) return undefined;
  if (typeof list !== "string" || !ID.test(list)) return undefined;
  const places: Folders = new Map();
  for (const [folder, place] of folders) {
    if (typeof folder !== "string" || typeof place !== "string" || !PLACE.test(place)) return undefined;
    places.set(folder, place);
  }
  return places.has("") ? { files, folders: places, step: parseStep(step), list } : undefined;
}

function parseStep(value: unknown): Step | undefined {
  const { from, names } = (value ?? {}) as Partial<Step>;
  const isStep = typeof from === "string" && Array.isArray(names) && names.every((name) => typeof name === "string");
  return isStep ? { from, names } : undefined;
}

function isName(row: unknown): row is [string] {
  return Array.isArray(row) && row.length === 1 && typeof row[0] === "string";
}

function parseRow(row: unknown): FileVersion | undefined {
  if (!Array.isArray(row)) return undefined;
  const [name, hash, bytes, lastModified, dynamicEtag] = row as Partial<Row>;
  if (typeof name !== "string" || typeof hash !== "string" || typeof bytes !== "number") return undefined;
  if (typeof lastModified !== "string" || unsafeName(name) !== undefined) return undefined;
  return { name, hash, bytes, lastModified, ...(typeof dynamicEtag === "string" && { dynamicEtag }) };
}

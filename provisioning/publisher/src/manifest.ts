import * as fs from "node:fs";
import type { Files, FileVersion } from "./files";
import { unsafeName } from "./names";

/** One row a file: name, hash, bytes, last modified, and the dynamic large object's ETag where it is one. */
type Row = [string, string, number, string, string?];

/** Where each folder of a release is on disk, as `<id>/<n>` below the course's releases; `""` is the topmost one. */
export type Folders = Map<string, string>;

/** What is known of a release without reading all its rows. */
export interface Outline {
  folders: Folders;
  /** How it came about, where that is worth knowing. */
  step?: Step | undefined;
}

/** The names in which a release differs from the one before it. */
export interface Step {
  from: string;
  names: string[];
}

/** What a manifest tells of a release. */
export interface Manifest extends Outline {
  files: Files;
}

const PLACE = /^\d{8}-\d{8}T\d{6}Z\/\d+$/;
/** A manifest is written and read in pieces: a text of 100,000 rows would be larger than all else in memory. */
const PIECE_BYTES = 64 * 1024;

/** Writes what a release holds: a line with its outline, then a line a file. The file is there only once it is complete. */
export function writeManifest(file: string, { files, folders, step }: Manifest): void {
  const to = fs.openSync(`${file}.new`, "w", 0o644);
  try {
    let piece = `${JSON.stringify({ version: 3, files: files.size, folders: [...folders], step })}\n`;
    for (const { name, hash, bytes, lastModified, dynamicEtag } of files.values()) {
      const row: Row = [name, hash, bytes, lastModified];
      if (dynamicEtag !== undefined) row.push(dynamicEtag);
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

/** @returns `undefined` where the manifest is missing or damaged. */
export function readManifest(file: string): Manifest | undefined {
  let header: Header | undefined;
  const files: Files = new Map();
  for (const row of rowsOf(file)) {
    if (header === undefined) {
      header = parseHeader(row);
      if (header === undefined) return undefined;
      continue;
    }
    const version = parseRow(row);
    if (version === undefined) return undefined;
    files.set(version.name, version);
  }
  return header?.files === files.size ? { files, folders: header.folders, step: header.step } : undefined;
}

/** @returns the outline alone, `undefined` where there is none. */
export function readOutline(file: string): Outline | undefined {
  for (const row of rowsOf(file)) return parseHeader(row);
  return undefined;
}

/** The lines, parsed; what can't be read or parsed is an `undefined` at the end. */
function* rowsOf(file: string): Generator<unknown> {
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
  const { version, files, folders, step } = (row ?? {}) as Record<string, unknown>;
  if (version !== 3 || typeof files !== "number" || !Array.isArray(folders)) return undefined;
  const places: Folders = new Map();
  for (const [folder, place] of folders) {
    if (typeof folder !== "string" || typeof place !== "string" || !PLACE.test(place)) return undefined;
    places.set(folder, place);
  }
  return places.has("") ? { files, folders: places, step: parseStep(step) } : undefined;
}

function parseStep(value: unknown): Step | undefined {
  const { from, names } = (value ?? {}) as Partial<Step>;
  const isStep = typeof from === "string" && Array.isArray(names) && names.every((name) => typeof name === "string");
  return isStep ? { from, names } : undefined;
}

function parseRow(row: unknown): FileVersion | undefined {
  if (!Array.isArray(row)) return undefined;
  const [name, hash, bytes, lastModified, dynamicEtag] = row as Partial<Row>;
  if (typeof name !== "string" || typeof hash !== "string" || typeof bytes !== "number") return undefined;
  if (typeof lastModified !== "string" || unsafeName(name) !== undefined) return undefined;
  return { name, hash, bytes, lastModified, ...(typeof dynamicEtag === "string" && { dynamicEtag }) };
}

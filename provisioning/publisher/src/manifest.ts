import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Files, FileVersion } from "./files";
import { unsafeName } from "./names";

/** One row a file: name, hash, bytes, last modified, and the dynamic large object's ETag where it is one. */
type Row = [string, string, number, string, string?];

/** Where each folder of a release is on disk, as `<id>/<n>` below the course's releases; `""` is the topmost one. */
export type Folders = Map<string, string>;

/** What a manifest tells of a release. */
export interface Manifest {
  files: Files;
  folders: Folders;
}

const PLACE = /^\d{8}-\d{8}T\d{6}Z\/\d+$/;

/** Writes what a release holds. The file is there only once it is complete. */
export function writeManifest(file: string, { files, folders }: Manifest): void {
  const rows: Row[] = [];
  for (const { name, hash, bytes, lastModified, dynamicEtag } of files.values()) {
    rows.push(
      dynamicEtag === undefined ? [name, hash, bytes, lastModified] : [name, hash, bytes, lastModified, dynamicEtag],
    );
  }
  writeFileSync(`${file}.new`, JSON.stringify({ version: 2, folders: [...folders], files: rows }), { mode: 0o644 });
  renameSync(`${file}.new`, file);
}

/** @returns `undefined` where the manifest is missing or damaged. */
export function readManifest(file: string): Manifest | undefined {
  let parsed: { version?: unknown; files?: unknown; folders?: unknown };
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  if (parsed?.version !== 2 || !Array.isArray(parsed.files) || !Array.isArray(parsed.folders)) return undefined;
  const files: Files = new Map();
  for (const row of parsed.files) {
    const version = parseRow(row);
    if (version === undefined) return undefined;
    files.set(version.name, version);
  }
  const folders: Folders = new Map();
  for (const [folder, place] of parsed.folders) {
    if (typeof folder !== "string" || typeof place !== "string" || !PLACE.test(place)) return undefined;
    folders.set(folder, place);
  }
  return folders.has("") ? { files, folders } : undefined;
}

function parseRow(row: unknown): FileVersion | undefined {
  if (!Array.isArray(row)) return undefined;
  const [name, hash, bytes, lastModified, dynamicEtag] = row as Partial<Row>;
  if (typeof name !== "string" || typeof hash !== "string" || typeof bytes !== "number") return undefined;
  if (typeof lastModified !== "string" || unsafeName(name) !== undefined) return undefined;
  return { name, hash, bytes, lastModified, ...(typeof dynamicEtag === "string" && { dynamicEtag }) };
}

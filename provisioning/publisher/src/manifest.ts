import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Files, FileVersion } from "./files";
import { unsafeName } from "./names";

/** One row a file: name, hash, bytes, last modified, and the dynamic large object's ETag where it is one. */
type Row = [string, string, number, string, string?];

/** Writes what a release holds. The file is there only once it is complete. */
export function writeManifest(file: string, files: Files): void {
  const rows: Row[] = [];
  for (const { name, hash, bytes, lastModified, dynamicEtag } of files.values()) {
    rows.push(
      dynamicEtag === undefined ? [name, hash, bytes, lastModified] : [name, hash, bytes, lastModified, dynamicEtag],
    );
  }
  writeFileSync(`${file}.new`, JSON.stringify({ version: 1, files: rows }), { mode: 0o644 });
  renameSync(`${file}.new`, file);
}

/** @returns `undefined` where the manifest is missing or damaged. */
export function readManifest(file: string): Files | undefined {
  let parsed: { version?: unknown; files?: unknown };
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  if (parsed?.version !== 1 || !Array.isArray(parsed.files)) return undefined;
  const files: Files = new Map();
  for (const row of parsed.files) {
    const version = parseRow(row);
    if (version === undefined) return undefined;
    files.set(version.name, version);
  }
  return files;
}

function parseRow(row: unknown): FileVersion | undefined {
  if (!Array.isArray(row)) return undefined;
  const [name, hash, bytes, lastModified, dynamicEtag] = row as Partial<Row>;
  if (typeof name !== "string" || typeof hash !== "string" || typeof bytes !== "number") return undefined;
  if (typeof lastModified !== "string" || unsafeName(name) !== undefined) return undefined;
  return { name, hash, bytes, lastModified, ...(typeof dynamicEtag === "string" && { dynamicEtag }) };
}

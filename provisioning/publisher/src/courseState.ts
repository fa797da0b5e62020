import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { DeletionRun } from "./guard";
import type { Publication } from "./status";

/** What a course remembers over a restart, besides its releases. */
export interface CourseMemory {
  /** The run of deletions that is on. */
  run?: DeletionRun | undefined;
  lastPublication?: Publication | undefined;
  shown?: Shown | undefined;
}

/** An older release that visitors see on purpose. */
export interface Shown {
  release: string;
  /** It stays whatever the store does; else until the store changes. */
  pinned: boolean;
}

/** Nothing is remembered where the file is missing or damaged. */
export function readMemory(file: string): CourseMemory {
  try {
    const { version, run, lastPublication, shown } = JSON.parse(readFileSync(file, "utf8")) as CourseMemory & {
      version: unknown;
    };
    if (version !== 1) return {};
    const numbers = [run?.lastAt, run?.deleted, run?.size, run?.held];
    return {
      run: numbers.every(Number.isFinite) ? run : undefined,
      lastPublication: typeof lastPublication?.release === "string" ? lastPublication : undefined,
      shown: typeof shown?.release === "string" && typeof shown.pinned === "boolean" ? shown : undefined,
    };
  } catch {
    return {};
  }
}

export function writeMemory(file: string, memory: CourseMemory): void {
  writeFileSync(`${file}.new`, JSON.stringify({ version: 1, ...memory }), { mode: 0o640 });
  renameSync(`${file}.new`, file);
}

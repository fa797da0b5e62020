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

/** Keeps it in a file. */
export class Memory {
  private content: CourseMemory;

  /** Nothing is remembered where the file is missing or damaged. */
  constructor(private readonly file: string) {
    this.content = read(file);
  }

  get run(): DeletionRun | undefined {
    return this.content.run;
  }

  get lastPublication(): Publication | undefined {
    return this.content.lastPublication;
  }

  get shown(): Shown | undefined {
    return this.content.shown;
  }

  /** Replaces what is given, an `undefined` too, on disk first. */
  remember(news: CourseMemory): void {
    const content = { ...this.content, ...news };
    writeFileSync(`${this.file}.new`, JSON.stringify({ version: 1, ...content }), { mode: 0o640 });
    renameSync(`${this.file}.new`, this.file);
    this.content = content;
  }
}

function read(file: string): CourseMemory {
  try {
    const { version, run, lastPublication, shown } = JSON.parse(readFileSync(file, "utf8")) as CourseMemory & {
      version: unknown;
    };
    if (version !== 1) return {};
    const numbers = [run?.lastAt, run?.size, run?.held];
    return {
      run: numbers.every(Number.isFinite) && Array.isArray(run?.gone) ? run : undefined,
      lastPublication: typeof lastPublication?.release === "string" ? lastPublication : undefined,
      shown: typeof shown?.release === "string" && typeof shown.pinned === "boolean" ? shown : undefined,
    };
  } catch {
    return {};
  }
}

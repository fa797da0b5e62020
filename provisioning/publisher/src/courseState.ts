import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { DeletionRun } from "./guard";
import type { Publication } from "./status";

/** What a course remembers over a restart, besides its releases. */
export interface CourseMemory {
  /** The run of deletions that is on. */
  run?: DeletionRun | undefined;
  /** The last ones, the newest last. */
  publications?: Publication[] | undefined;
  shown?: Shown | undefined;
}

/** An older release that visitors see on purpose. */
export interface Shown {
  release: string;
  /** It stays whatever the store does; else until the store changes. */
  pinned: boolean;
}

/** Publications that are remembered. */
const PUBLICATIONS = 20;

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

  get publications(): Publication[] {
    return this.content.publications ?? [];
  }

  get lastPublication(): Publication | undefined {
    return this.publications.at(-1);
  }

  get shown(): Shown | undefined {
    return this.content.shown;
  }

  /** Adds one, and forgets the oldest. */
  rememberPublication(publication: Publication): void {
    this.remember({ publications: [...this.publications, publication].slice(-PUBLICATIONS) });
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
    const { version, run, publications, shown } = JSON.parse(readFileSync(file, "utf8")) as CourseMemory & {
      version: unknown;
    };
    if (version !== 1) return {};
    const numbers = [run?.lastAt, run?.size, run?.held];
    return {
      run: numbers.every(Number.isFinite) && Array.isArray(run?.gone) ? run : undefined,
      publications: Array.isArray(publications)
        ? publications.filter((one) => typeof one?.release === "string" && typeof one.at === "string")
        : undefined,
      shown: typeof shown?.release === "string" && typeof shown.pinned === "boolean" ? shown : undefined,
    };
  } catch {
    return {};
  }
}

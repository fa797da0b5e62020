import * as fs from "node:fs";
import * as path from "node:path";
import type { Folders } from "./manifest";
import { parentOf } from "./names";

/** Folders with fewer entries are as soon made anew. */
const WORTH_KEEPING = 1_000;

/** A folder that no release has any more, and the names in it that have changed since. */
export interface Spare {
  dir: string;
  stale: Set<string>;
  /** The folders that lay in it. */
  folders: string[];
}

/**
 * Large folders of releases that are no longer kept. The next release that changes something in such a folder takes it, and brings
 * up to date what has changed meanwhile: so one file among 100,000 costs neither 100,000 links nor their removal.
 * None is known after a restart.
 */
export class Spares {
  readonly dir: string;
  private readonly spares = new Map<string, Spare>();
  private made = 0;

  constructor(releases: string) {
    this.dir = path.join(releases, ".spares");
  }

  /**
   * Keeps the folder at `place`, if that is worth it.
   * @param folders of the release that had it
   * @param changed names that have changed since that release
   */
  keep(folder: string, place: string, folders: Folders, changed: string[]): void {
    if (fs.readdirSync(place).length < WORTH_KEEPING) return;
    fs.mkdirSync(this.dir, { recursive: true });
    const dir = path.join(this.dir, String(++this.made));
    fs.renameSync(place, dir);
    const within = [...folders.keys()].filter((one) => one !== "" && parentOf(one) === folder);
    this.spares.set(folder, { dir, stale: inFolder(folder, changed), folders: within });
  }

  /** These names have changed with a release. */
  note(changed: string[]): void {
    for (const [folder, { stale }] of this.spares) for (const name of inFolder(folder, changed)) stale.add(name);
  }

  /** The folders that are kept; whatever else is in `dir` may go. */
  get dirs(): string[] {
    return [...this.spares.values()].map(({ dir }) => dir);
  }

  /** Keeps none of them any more. */
  clear(): void {
    this.spares.clear();
  }

  take(folder: string): Spare | undefined {
    const spare = this.spares.get(folder);
    this.spares.delete(folder);
    return spare;
  }
}

function inFolder(folder: string, names: string[]): Set<string> {
  return new Set(names.filter((name) => parentOf(name) === folder));
}

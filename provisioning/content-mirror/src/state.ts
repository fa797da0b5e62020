import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { DeletionRun } from "../../publisher/src/guard";
import type { Journal } from "../../publisher/src/journal";

/** What is known of a course: for `npm run status`, and for the next start of the service. Times are ISO 8601. */
export interface CourseState {
  name: string;
  /**
   * - `waiting`: not compared yet since the service began;
   * - `in step`: the last comparison found both stores alike, or has made them so;
   * - `copying`: objects are being copied;
   * - `different`: something is held, or can't be copied;
   * - `outage`: one of the stores gives no complete listing, or takes nothing.
   */
  state: "waiting" | "in step" | "copying" | "different" | "outage";
  /** Objects at the source. */
  objects: number;
  /** Of those here and there, how many are not alike now. */
  different: number;
  /** Deletions that wait because they are too many at once. */
  held: number;
  /** When both listings were last asked for that then were compared. */
  comparedAt: string | null;
  /** When both stores were last alike. */
  inStepAt: string | null;
  /** From "stored at the source" to "stored here": the longest such time of the last changes that were copied. */
  lagSeconds: number | null;
  /** Last sign of life. */
  seenAt: string | null;
  /** What keeps it from being in step. */
  problem: string | null;
  /** Deletions that are counted together; see the publisher's guard. */
  run?: DeletionRun | undefined;
}

/** What a file `state.json` holds. */
export interface State {
  courses: CourseState[];
}

/** The state of all courses, on disk at each change. */
export class StateFile {
  private readonly before: CourseState[];
  private readonly courses = new Map<string, CourseState>();

  constructor(
    private readonly file: string,
    private readonly journal: Journal,
  ) {
    this.before = coursesIn(file);
  }

  /** A course as a former run of the service left it. */
  begin(name: string): CourseState {
    const nothing = { objects: 0, different: 0, held: 0, comparedAt: null, inStepAt: null, lagSeconds: null };
    const known = this.before.find((course) => course.name === name) ?? { ...nothing, run: undefined };
    const state: CourseState = { ...known, name, state: "waiting", seenAt: null, problem: null };
    this.courses.set(name, state);
    return state;
  }

  /** Changes what is known of a course. */
  note(name: string, change: Partial<CourseState>): void {
    const state = this.courses.get(name);
    if (state === undefined) throw new Error(`no course ${name}`);
    Object.assign(state, change, { seenAt: new Date().toISOString() });
    const all: State = { courses: [...this.courses.values()] };
    try {
      writeFileSync(`${this.file}.new`, `${JSON.stringify(all, null, 2)}\n`);
      renameSync(`${this.file}.new`, this.file);
    } catch (error) {
      // A full disk does not keep the courses from being copied.
      this.journal.warn(`${this.file} can't be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }
}

/** A file that is not there, or cut off, costs nothing but what was remembered. */
function coursesIn(file: string): CourseState[] {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as State).courses;
  } catch {
    return [];
  }
}

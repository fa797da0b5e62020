import type { MassDeletion } from "./config";
import type { FileVersion } from "./files";

/**
 * A run of deletions: it lasts until none has come for the window's length. Counting over the run, and not over single
 * polls, catches the slow loss of a course, one object a second; and of a large course too, however long that takes.
 */
export interface DeletionRun {
  /** When files were last found deleted, in ms since 1970. */
  lastAt: number;
  /** What was deleted from the site in this run; kept in quarantine as long as the run lasts. */
  gone: FileVersion[];
  /** Files of the course at most since the run began. */
  size: number;
  /** Files now deleted in the store and held on the site. */
  held: number;
}

/** The deletions that a listing would bring. */
export interface Deletions {
  /** What is published, but no longer in the store. */
  versions: FileVersion[];
  /** Files published now. */
  published: number;
  /** Whether the store still has any file of the course. */
  leavesNothing: boolean;
  /** Names that someone has approved: they pass, and end the run. */
  approved: ReadonlySet<string>;
}

/** What the guard says of them. */
export interface Verdict {
  /** Names to delete from the site now. */
  apply: string[];
  /** Names to keep on the site until they are approved or come back. */
  held: string[];
  /** Of those held, what is to be brought back from the quarantine: the run that began with them has become a mass deletion. */
  restore: FileVersion[];
  /** To be stored before the deletions are carried out; `undefined` where no run is on. */
  run: DeletionRun | undefined;
}

/** @param run as the verdict before left it, without what is in the store again, @param now in ms since 1970 */
export function judge(rule: MassDeletion, deletions: Deletions, run: DeletionRun | undefined, now: number): Verdict {
  const isApproved = ({ name }: FileVersion) => deletions.approved.has(name);
  const passed = deletions.versions.filter(isApproved).map(nameOf);
  const pending = deletions.versions.filter((version) => !isApproved(version));
  const goesOn = run !== undefined && passed.length === 0 && isGoingOn(rule, run, now);
  const size = Math.max(deletions.published - passed.length, goesOn ? run.size : 0);
  const before = goesOn ? run : { lastAt: now, gone: [], held: 0 };
  if (pending.length === 0) {
    return { apply: passed, held: [], restore: [], run: goesOn ? { ...run, size, held: 0 } : undefined };
  }
  // A publication that failed has them in both.
  const names = new Set(pending.map(nameOf));
  const restore = before.gone.filter(({ name }) => !names.has(name));
  const deleted = restore.length + pending.length;
  const mass = deleted > rule.files && deleted > (size * rule.percent) / 100;
  // An empty listing is more often an accident than an author's wish, so it is held in small courses too.
  if (mass || deletions.leavesNothing) {
    const lastAt = pending.length > before.held ? now : before.lastAt;
    const held = [...restore.map(nameOf), ...names];
    return { apply: passed, held, restore, run: { lastAt, gone: [], size, held: held.length } };
  }
  return {
    apply: deletions.versions.map(nameOf),
    held: [],
    restore: [],
    run: { lastAt: now, gone: [...restore, ...pending], size, held: 0 },
  };
}

function nameOf({ name }: FileVersion): string {
  return name;
}

/** Nothing is forgotten while deletions are held; and a clock set back ends no run. */
function isGoingOn(rule: MassDeletion, run: DeletionRun, now: number): boolean {
  return run.held > 0 || now - run.lastAt <= rule.windowSeconds * 1000;
}

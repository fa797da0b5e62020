import type { MassDeletion } from "./config";

/**
 * A run of deletions: it lasts until none has come for the window's length. Counting over the run, and not over single
 * polls, catches the slow loss of a course, one object a second; and of a large course too, however long that takes.
 */
export interface DeletionRun {
  /** When files were last found deleted, in ms since 1970. */
  lastAt: number;
  /** Files already deleted from the site in this run. */
  deleted: number;
  /** Files of the course at most since the run began. */
  size: number;
  /** Files now deleted in the store and held on the site. */
  held: number;
}

/** The deletions that a listing would bring. */
export interface Deletions {
  /** Names published, but no longer in the store. */
  names: string[];
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
  /** To be stored before the deletions are carried out; `undefined` where no run is on. */
  run: DeletionRun | undefined;
}

/** @param run as the verdict before left it, @param now in ms since 1970 */
export function judge(rule: MassDeletion, deletions: Deletions, run: DeletionRun | undefined, now: number): Verdict {
  const passed = deletions.names.filter((name) => deletions.approved.has(name));
  const pending = deletions.names.filter((name) => !deletions.approved.has(name));
  const goesOn = run !== undefined && passed.length === 0 && isGoingOn(rule, run, now);
  const size = Math.max(deletions.published - passed.length, goesOn ? run.size : 0);
  const before = goesOn ? run : { lastAt: now, deleted: 0, held: 0 };
  if (pending.length === 0) return { apply: passed, held: [], run: goesOn ? { ...run, size, held: 0 } : undefined };

  const deleted = before.deleted + pending.length;
  const mass = deleted > rule.files && deleted > (size * rule.percent) / 100;
  // An empty listing is more often an accident than an author's wish, so it is held in small courses too.
  if (mass || deletions.leavesNothing) {
    const lastAt = pending.length > before.held ? now : before.lastAt;
    return { apply: passed, held: pending, run: { lastAt, deleted: before.deleted, size, held: pending.length } };
  }
  return { apply: deletions.names, held: [], run: { lastAt: now, deleted, size, held: 0 } };
}

/** Nothing is forgotten while deletions are held; and a clock set back ends no run. */
function isGoingOn(rule: MassDeletion, run: DeletionRun, now: number): boolean {
  return run.held > 0 || now - run.lastAt <= rule.windowSeconds * 1000;
}

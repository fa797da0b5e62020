import type { MassDeletion } from "./config";
import type { Memory } from "./courseState";
import { EMPTIED_MARKER, type FileVersion, type Wanted } from "./files";
import { type DeletionRun, judge, type Verdict } from "./guard";
import type { Journal } from "./journal";
import type { Release, Releases } from "./releases";

/** Decides of a course's deletions one listing after the other, and keeps what may turn out to be a mistake. */
export class DeletionGuard {
  /** Gone from the store, kept on the site. */
  held: FileVersion[] = [];
  /** The run of deletions, as the last cycle that ended well left it. */
  private run: DeletionRun | undefined;
  private approved: ReadonlySet<string> = new Set();
  /** The approval that the last verdict knew of. */
  private known = this.approved;

  constructor(
    private readonly course: string,
    private readonly rule: MassDeletion,
    private readonly memory: Memory,
    private readonly releases: Releases,
    private readonly journal: Journal,
  ) {
    this.run = memory.run;
  }

  /** Lets the deletions that are held now pass at the next cycle. @returns how many they are */
  approve(): number {
    this.approved = new Set(this.held.map(({ name }) => name));
    return this.held.length;
  }

  /**
   * Judges what a listing would delete. Nothing is deleted yet, but all that is needed to undo it is on disk.
   * @param names published and no longer in the store
   * @returns the verdict; to be given to `carriedOut` after the publication that follows it
   */
  pass(names: string[], wanted: Wanted, current: Release | undefined): Verdict {
    const published = current?.files ?? new Map<string, FileVersion>();
    const versions = names.flatMap((name) => published.get(name) ?? []);
    this.known = this.approved;
    const approved = this.isEmptiedOnPurpose(wanted) ? new Set(names) : this.known;
    const deletions = { versions, published: published.size, leavesNothing: wanted.files.size === 0, approved };
    const { run } = this;
    const stillGone = run && { ...run, gone: run.gone.filter(({ name }) => !wanted.files.has(name)) };
    const judged = judge(this.rule, deletions, stillGone, Date.now());
    const restore = judged.restore.filter((version) => this.releases.quarantine.fileOf(version) !== undefined);
    const verdict = { ...judged, restore };
    this.remember(verdict, current);
    const held = new Set(verdict.held);
    this.hold([...versions.filter(({ name }) => held.has(name)), ...restore]);
    return verdict;
  }

  /** What a verdict let pass is on the site. */
  carriedOut({ run }: Verdict): void {
    // Only now: deletions of a publication that failed are judged anew, and must not count twice.
    this.run = run;
    // An approval that came meanwhile is for the next cycle.
    if (this.approved === this.known) this.approved = new Set();
  }

  /** Whether the end of the window has to be waited for. */
  get isWatching(): boolean {
    return this.run !== undefined;
  }

  private isEmptiedOnPurpose({ emptiedAt }: Wanted): boolean {
    return emptiedAt !== undefined && Date.now() - Date.parse(`${emptiedAt}Z`) < this.rule.windowSeconds * 1000;
  }

  /** On disk before anything is deleted: after a crash a deletion is rather counted twice than not at all. */
  private remember({ run, restore }: Verdict, current: Release | undefined): void {
    const gone = run?.gone ?? [];
    if (current !== undefined) this.releases.quarantineAll(current, gone);
    if (!isSame(run, this.memory.run)) this.memory.remember({ run });
    this.releases.quarantine.keepOnly([...gone, ...restore]);
  }

  private hold(held: FileVersion[]): void {
    const { course, journal } = this;
    const before = this.held.length;
    this.held = held;
    if (held.length > 0 && before === 0) {
      journal.warn(
        `${course}: ${held.length} files are gone from the store; they stay on the site until \`site-publisher approve ${course}\`` +
          ` or an object ${EMPTIED_MARKER} says that it was meant`,
      );
    } else if (held.length === 0 && before > 0 && this.approved.size === 0) {
      journal.info(`${course}: no deletion is held any more`);
    }
  }
}

function isSame(one: DeletionRun | undefined, other: DeletionRun | undefined): boolean {
  const facts = (run: DeletionRun | undefined) => [run?.lastAt, run?.size, run?.held, run?.gone.length];
  return facts(one).join() === facts(other).join();
}

import type { Memory } from "./courseState";
import type { Journal } from "./journal";
import type { Releases } from "./releases";
import type { ReleaseStatus } from "./status";

/** What an operator asked for can't be done; the message says why. */
export class RefusedRequest extends Error {}

/** Lets visitors see an older release of a course on purpose. The newest one stays the one that publishing goes on from. */
export class Rollback {
  constructor(
    private readonly course: string,
    private readonly releases: Releases,
    private readonly memory: Memory,
    private readonly journal: Journal,
  ) {}

  /** Visitors see an older release until the store changes. */
  get isOn(): boolean {
    return this.memory.shown !== undefined;
  }

  /** They see one whatever the store does. */
  get isPinned(): boolean {
    return this.memory.shown?.pinned === true;
  }

  /** The releases that are kept, newest first. */
  list(): ReleaseStatus[] {
    const seen = this.releases.linked();
    return this.releases.kept.reverse().map((id) => ({ id, shown: id === seen, pinned: id === seen && this.isPinned }));
  }

  /**
   * Shows a release at once: until the store changes, or pinned, until `unpin`.
   * @param release which one. Default: the one before that which visitors see; to be pinned, the one that they see
   * @throws RefusedRequest where it is not kept
   */
  show(release: string | undefined, pinned: boolean): string {
    const list = this.list();
    const at = list.findIndex(({ shown }) => shown);
    const wanted = release === undefined ? list[at + (pinned ? 0 : 1)] : list.find(({ id }) => id === release);
    if (wanted === undefined) {
      const kept = list.map(({ id }) => id).join(", ") || "none";
      throw new RefusedRequest(`${this.course} has no ${release ?? "older release"}; kept are: ${kept}`);
    }
    // First what a restart goes by: the link alone would make the older release the published one.
    this.memory.remember({ shown: { release: wanted.id, pinned } });
    this.releases.show(wanted.id);
    this.journal.info(`${this.course}: ${pinned ? "pinned to" : "rolled back to"} ${wanted.id}`);
    return wanted.id;
  }

  /** Shows the newest release again. @returns the id of the one that visitors see now */
  unpin(): string | undefined {
    const newest = this.releases.kept.at(-1);
    if (this.isOn && newest !== undefined) this.releases.show(newest);
    this.end();
    return this.releases.linked();
  }

  /** A publication has ended it; or one that was killed at its very end, and could not note that. */
  end(): void {
    if (this.isOn) this.memory.remember({ shown: undefined });
  }

  /** To be called once the releases are open. */
  endIfPublished(): void {
    if (this.isOn && this.releases.linked() !== this.memory.shown?.release) this.end();
  }
}

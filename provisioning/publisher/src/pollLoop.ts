import { type CoursePublisher, StoreChanging } from "./course";
import type { Journal } from "./journal";
import { NoLongerWanted } from "./releases";

/** In an outage the pauses grow to this at most. */
const MAX_PAUSE_MS = 2_000;
/** After the store changed under a publication, the next listing comes this soon … */
const AGAIN_MS = 150;
/** … but so often in a row only. */
const MAX_AGAIN = 5;

/** Polls one course for ever. Each course has its own loop, so none waits for another. */
export class PollLoop {
  private stopped = false;
  private failures = 0;
  private changing = 0;
  private wakeUp: (() => void) | undefined;
  private woken = false;

  constructor(
    private readonly publisher: CoursePublisher,
    private readonly pollMs: number,
    private readonly journal: Journal,
  ) {}

  /** Ends after `stop`. */
  async run(): Promise<void> {
    while (!this.stopped) {
      const { woken } = this;
      this.woken = false;
      await this.pause(await this.once(woken));
    }
  }

  /** Lists at once, instead of when the pause is over. */
  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  stop(): void {
    this.stopped = true;
    this.wake();
  }

  /** One cycle. @returns ms until the next one */
  private async once(woken: boolean): Promise<number> {
    const began = performance.now();
    const rest = () => this.pollMs - (performance.now() - began);
    try {
      const soon = await this.publisher.cycle(woken);
      this.succeeded();
      this.changing = 0;
      // Never later than usual: the watchdog wants a sign of life.
      return Math.min(soon ?? Number.POSITIVE_INFINITY, rest());
    } catch (error) {
      if (this.stopped) return 0;
      if (error instanceof StoreChanging) {
        this.succeeded();
        if (++this.changing <= MAX_AGAIN) return AGAIN_MS;
        this.publisher.noteProblem(error.message);
        return rest();
      }
      if (error instanceof NoLongerWanted) {
        this.succeeded();
        return rest();
      }
      return this.failed(inWords(error));
    }
  }

  private succeeded(): void {
    if (this.failures > 0) this.journal.info(`${this.publisher.course.name}: the outage is over`);
    this.failures = 0;
    this.publisher.inOutage = false;
  }

  private failed(message: string): number {
    if (this.failures === 0)
      this.journal.warn(`${this.publisher.course.name}: outage, the site stays as it is: ${message}`);
    this.failures++;
    this.publisher.inOutage = true;
    this.publisher.noteProblem(message);
    const growing = this.pollMs * 1.5 ** Math.min(this.failures, 10);
    // Jitter, so that the courses do not all knock at a store that is just coming back.
    return Math.max(this.pollMs, Math.min(growing, MAX_PAUSE_MS)) * (0.8 + 0.4 * Math.random());
  }

  private async pause(ms: number): Promise<void> {
    if (this.woken || this.stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms));
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = undefined;
  }
}

/** What an operator can act on; the errors of this program and of the Swift client are words already. */
function inWords(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full; make room, and publishing goes on by itself";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `${path ?? "a file"} can't be written (${code}); it must belong to the service's user`;
    default:
      return message;
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { type Author, md5 } from "./author";
import { get, type Site, urlOf } from "./browser";

const PAUSE_MS = 50;

/** A visitor who looks at one page after the other, all the time, and notes whatever is not as it should be. */
export class Visitor {
  /** Answers so far. */
  served = 0;
  /** Whether the web server itself is being restarted: then no answer is no fault, but a wrong one is. */
  mayBeRefused = false;
  private readonly complaints: string[] = [];
  /** Names of the pages that are on the site, by course. */
  private readonly pages = new Map<string, string[]>();
  private stopped = false;

  constructor(
    private readonly site: Site,
    private readonly author: Author,
  ) {}

  /** These pages of a course are on the site, and stay there. */
  expect(course: string, names: Iterable<string>): void {
    this.pages.set(course, [...names]);
  }

  /** This page may go. */
  forget(course: string, name: string): void {
    const names = this.pages.get(course) ?? [];
    this.pages.set(
      course,
      names.filter((one) => one !== name),
    );
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    while (!this.stopped) {
      const course = oneOf([...this.pages.keys()]);
      const name = course && oneOf(this.pages.get(course) ?? []);
      if (course !== undefined && name !== undefined) await this.look(course, name);
      await sleep(PAUSE_MS);
    }
  }

  stop(): void {
    this.stopped = true;
  }

  /** What was wrong since the last time. */
  takeComplaints(): string[] {
    return this.complaints.splice(0);
  }

  private async look(course: string, name: string): Promise<void> {
    const path = urlOf(course, name);
    try {
      const { status, body } = await get(this.site, path);
      this.served++;
      // It may have been given up meanwhile.
      if (!this.pages.get(course)?.includes(name)) return;
      if (status !== 200) this.complain(path, `HTTP ${status}`);
      else if (!this.author.everHad(course, name, md5(body)))
        this.complain(path, `never in the store: ${body.subarray(0, 100)}`);
    } catch (error) {
      if (!this.mayBeRefused) this.complain(path, (error as Error).message);
    }
  }

  private complain(path: string, what: string): void {
    this.complaints.push(`${new Date().toISOString()} ${path}: ${what}`);
  }
}

function oneOf<T>(many: T[]): T | undefined {
  return many[Math.floor(Math.random() * many.length)];
}

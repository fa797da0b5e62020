import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds a long synchronous job may keep the others waiting. */
const SLICE_MS = 10;

/**
 * Lets long synchronous work (100,000 links) take turns with everything else in the process: call `step` at each step, in the
 * tightest loops only where it `isDue`. Synchronous calls in slices are several times faster than as many asynchronous ones.
 */
export class Pace {
  private sliceBegan = Date.now();

  constructor(private readonly onTurn: () => void = () => {}) {}

  /** Whether the others have waited long enough. */
  get isDue(): boolean {
    return Math.abs(Date.now() - this.sliceBegan) >= SLICE_MS;
  }

  async step(): Promise<void> {
    if (!this.isDue) return;
    this.onTurn();
    await nextTurn();
    this.sliceBegan = Date.now();
  }
}

/** Runs a job for each item, `limit` at a time. After a failure no further one is begun; the first error is thrown. */
export async function eachOf<T>(items: Iterable<T>, limit: number, job: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async () => {
    for (let next = iterator.next(); !next.done && failures.length === 0; next = iterator.next()) {
      await job(next.value).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
}

/** Runs jobs in the order in which they come, not all at a time. */
export class Line {
  private readonly waiting: (() => void)[] = [];

  /** @param free how many at a time */
  constructor(private free: number) {}

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }
}

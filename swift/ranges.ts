/** A part of a listing: the names after `after`, up to and including `upTo`. Open at the end that is missing. */
export interface Range {
  after: string;
  upTo?: string;
}

/**
 * Cuts a listing into ranges that can be asked for at the same time. Each is as many rows as the last listing had between two of
 * its names, so it stays complete whatever has come or gone since; it only takes one more request where much has come.
 */
export class Cutter {
  private readonly cuts: string[] = [];
  /** How many there were. */
  rows = 0;

  /** @param size rows that a range should have */
  constructor(private readonly size: number) {}

  /** Takes note of the next row of a listing. */
  add(name: string): void {
    if (++this.rows % this.size === 0) this.cuts.push(name);
  }

  /** For the next listing. */
  get ranges(): Range[] {
    const after = ["", ...this.cuts];
    return after.map((name, i) => ({ after: name, ...(this.cuts[i] !== undefined && { upTo: this.cuts[i] }) }));
  }
}

/** Swift's parameters for a range. */
export function rangeQuery({ after, upTo }: Range): string {
  // An end marker is left out itself; no name can lie between it and what follows here.
  const end = upTo === undefined ? "" : `&end_marker=${encodeURIComponent(`${upTo}\u0001`)}`;
  return `marker=${encodeURIComponent(after)}${end}`;
}

/** Begins up to `limit` jobs before the first one's result is waited for. Their results come in the order of the jobs. */
export function* inAdvance<T>(jobs: Iterable<() => Promise<T>>, limit: number): Generator<Promise<T>, undefined> {
  const begun: Promise<T>[] = [];
  for (const job of jobs) {
    const result = job();
    // Told to whoever waits for it; where nobody does any more, it is no unhandled rejection.
    result.catch(() => undefined);
    begun.push(result);
    if (begun.length === limit) yield begun.shift() as Promise<T>;
  }
  yield* begun;
}

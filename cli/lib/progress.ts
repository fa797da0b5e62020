/** Seconds without a line after which a lane says that it is still at work. */
const SILENCE = 20;

/** The prefix of a line of progress, ours or one that a program of ours has put there itself. */
const PREFIX = /^\[\w+ +\d+s\] /;

/** Progress of one part of a longer job: lines that start with the part's name and the seconds since the job began. */
export class Lane {
  #heartbeat: NodeJS.Timeout | undefined;

  /**
   * @param name of the part, for the prefix.
   * @param startedAt when the job began, in ms. Default: now.
   * @param write where the lines go. Default: standard output.
   */
  constructor(
    readonly name: string,
    readonly startedAt = Date.now(),
    readonly write: (text: string) => void = (text) => process.stdout.write(text),
  ) {}

  /**
   * Prints a line; one that has a prefix already stays as it is, and its program says by itself that it is still at work.
   * @param atWork what is being done while no further line comes. Default: the line itself.
   */
  line(text: string, atWork: () => string = () => text): void {
    if (text.trim() === "") return;
    this.end();
    this.#print(text);
    if (PREFIX.test(text)) return;
    this.#heartbeat = setInterval(() => this.#print(`... still at it: ${atWork()}`), SILENCE * 1000).unref();
  }

  /** Ends the lane: no "still at it" from now on. */
  end(): void {
    clearInterval(this.#heartbeat);
  }

  #print(text: string): void {
    const prefix = `[${this.name} ${secondsSince(this.startedAt).toFixed(0).padStart(4)}s] `;
    this.write(`${PREFIX.test(text) ? "" : prefix}${text}\n`);
  }
}

/** Progress of many files: a bar that is redrawn in place on a terminal, lines elsewhere. */
export class ProgressBar {
  #done = 0;
  #doneBytes = 0;
  #drawnAt: number;
  readonly #startedAt = Date.now();
  readonly #isDrawn: boolean;

  /**
   * @param label what is being done, e.g. "py4inf".
   * @param total number of files.
   * @param totalBytes of all files.
   * @param print takes a line now and then. Default: a bar on a terminal, lines on standard output elsewhere.
   */
  constructor(
    readonly label: string,
    readonly total: number,
    readonly totalBytes: number,
    readonly print?: (line: string) => void,
  ) {
    this.#isDrawn = print === undefined && process.stdout.isTTY === true;
    this.#drawnAt = this.#startedAt;
  }

  /** One file more is done. */
  add(bytes: number): void {
    this.#done++;
    this.#doneBytes += bytes;
    if (Date.now() - this.#drawnAt >= this.#interval()) this.#draw();
  }

  /** Ends the bar's line. */
  end(): void {
    if (!this.#isDrawn || this.total === 0) return;
    this.#draw();
    process.stdout.write("\n");
  }

  /** Milliseconds between two pictures. */
  #interval(): number {
    if (this.#isDrawn) return 100;
    return this.print ? 5000 : 2000;
  }

  #draw(): void {
    this.#drawnAt = Date.now();
    const share = this.totalBytes > 0 ? this.#doneBytes / this.totalBytes : 1;
    const left = share > 0 && share < 1 ? (secondsSince(this.#startedAt) / share) * (1 - share) : 0;
    const text = [
      `${this.label}: ${count(this.#done)} of ${count(this.total)} files`,
      `${megabytes(this.#doneBytes)} of ${megabytes(this.totalBytes)}`,
      ...(left >= 1 ? [`${duration(left)} left`] : []),
    ].join(", ");
    const filled = Math.round(share * 24);
    if (this.print) this.print(text);
    else if (this.#isDrawn) process.stdout.write(`\r\x1b[K${"█".repeat(filled)}${"░".repeat(24 - filled)} ${text}`);
    else process.stdout.write(`${text}\n`);
  }
}

/** Seconds that have passed since a time in ms. */
export function secondsSince(startedAt: number): number {
  return (Date.now() - startedAt) / 1000;
}

/** A number with thousands separators: 1,204. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Bytes as megabytes: 12.3 MB. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Seconds as people say them: 7 s, 3 min 20 s. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60
    ? `${seconds < 10 ? seconds.toFixed(1) : whole} s`
    : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

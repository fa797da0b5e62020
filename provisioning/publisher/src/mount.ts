import { type ChildProcess, fork } from "node:child_process";
import * as path from "node:path";
import type { FileVersion } from "./files";
import type { Journal } from "./journal";
import type { MountReply, MountRequest } from "./mountReader";

/** How long the mount may give no sign of life while something is asked of it. */
const SILENCE_MS = 5_000;
/** How long a new child process may take to start, on a slow or busy server, before it even gets to the mount. */
const START_MS = 30_000;
/** How often it is looked at whether the mount is there. */
const PROBE_MS = 10_000;
/** After reading failed the mount is left alone so long; each time in a row twice as long, up to the second. */
const REST_MS = 10_000;
const MAX_REST_MS = 600_000;
/** So many wrong answers in a row (stale, not found) are a failure too. */
const MAX_WRONG = 8;
/** A driver may fetch a whole object before it gives the first byte, which looks like a hung one: large ones come by GET. */
const MAX_BYTES = 16 * 1024 * 1024;
/** The child process ended; the next question starts another. */
const NO_READER = "no reader";

export interface MountHealth {
  healthy: boolean;
  detail: string;
}

export interface MountOptions {
  /** Where the containers are mounted. */
  dir: string;
  /** Names that a mounted store shows there; one of them is enough. */
  containers: string[];
  /** The program that, with the argument `mount-reader`, is the child process. */
  program: string;
  journal: Journal;
}

/** Reads objects through the FUSE mount as long as that works. Nothing here ever waits for a mount that hangs. */
export class Mount {
  private state: MountHealth | undefined;
  private reader: ChildProcess | undefined;
  /** Whether the reader runs: it has answered once. */
  private started = false;
  private readonly pending = new Map<number, (reply: MountReply) => void>();
  private lastId = 0;
  private wrong = 0;
  private failures = 0;
  private restUntil = Number.NEGATIVE_INFINITY;
  private silence: NodeJS.Timeout | undefined;
  private probing: NodeJS.Timeout | undefined;

  constructor(private readonly options: MountOptions) {}

  get health(): MountHealth {
    return this.state ?? { healthy: false, detail: "not looked at yet" };
  }

  /** Looks at the mount now and from time to time. */
  async start(): Promise<void> {
    await this.probe();
    this.probing = setTimeout(() => void this.start(), PROBE_MS);
    this.probing.unref();
  }

  stop(): void {
    clearTimeout(this.probing);
    this.drop("stopped");
  }

  /**
   * Copies a version out of the mount into a new file.
   * @returns whether the file now holds these very bytes; if not, it may hold others or not exist
   */
  async copy(container: string, object: string, version: FileVersion, to: string): Promise<boolean> {
    if (!this.health.healthy || version.bytes === 0 || version.bytes > MAX_BYTES) return false;
    const reply = await this.ask({ copy: path.join(this.options.dir, container, object), to });
    if (reply.md5 === version.hash) {
      this.wrong = 0;
      this.failures = 0;
      return true;
    }
    if (reply.error === NO_READER) return false;
    // A mount's listing may be a second old: that is no fault of its, and the store has the answer.
    if (reply.md5 === undefined && reply.error !== "ENOENT") this.rest(`reading failed (${reply.error})`);
    else if (++this.wrong >= MAX_WRONG) this.rest(`${this.wrong} stale answers in a row`);
    return false;
  }

  /** Leaves the mount alone for a while. Of several reads that fail together only the first counts. */
  private rest(why: string): void {
    if (this.health.healthy) this.restUntil = performance.now() + Math.min(REST_MS * 2 ** this.failures++, MAX_REST_MS);
    this.distrust(why);
  }

  private async probe(): Promise<void> {
    if (performance.now() < this.restUntil) return;
    const { dir, containers } = this.options;
    const { names, error } = await this.ask({ list: dir });
    if (names?.some((name) => containers.includes(name))) {
      this.wrong = 0;
      this.become({ healthy: true, detail: `${dir} shows ${names.length} containers` });
    } else if (error !== undefined) this.distrust(`reading failed (${error})`);
    else this.distrust("none of the containers is there; nothing mounted?");
  }

  private ask(question: { list: string } | { copy: string; to: string }): Promise<MountReply> {
    const id = ++this.lastId;
    const reader = this.child();
    if (reader === undefined) return Promise.resolve({ id, error: "the last reader still hangs" });
    return new Promise((resolve) => {
      this.pending.set(id, resolve);
      reader.send(
        { id, ...question } satisfies MountRequest,
        (error) => error && this.settle({ id, error: NO_READER }),
      );
      this.watch();
    });
  }

  private settle(reply: MountReply): void {
    this.pending.get(reply.id)?.(reply);
    this.pending.delete(reply.id);
    clearTimeout(this.silence);
    this.silence = undefined;
    if (this.pending.size > 0) this.watch();
  }

  private watch(): void {
    this.silence ??= setTimeout(() => this.drop("no answer"), this.started ? SILENCE_MS : START_MS);
  }

  /** The reader; none while a killed one has not gone, for another would hang just the same. */
  private child(): ChildProcess | undefined {
    if (this.reader?.killed) return undefined;
    if (this.reader === undefined) {
      const reader = fork(this.options.program, ["mount-reader"], {
        env: { ...process.env, UV_THREADPOOL_SIZE: "8" },
        // It copies; little of it lives long enough to be worth room.
        execArgv: ["--max-semi-space-size=1", "--optimize-for-size"],
      });
      this.started = false;
      reader.on("message", (reply: MountReply) => {
        this.started = true;
        this.settle(reply);
      });
      reader.on("error", () => this.drop(NO_READER));
      reader.on("exit", () => {
        this.reader = undefined;
        this.answerAll(NO_READER);
      });
      reader.unref();
      reader.channel?.unref();
      this.reader = reader;
    }
    return this.reader;
  }

  /** Gives the reader up. It may stay in a system call until the mount is gone: nobody waits for it. */
  private drop(why: string): void {
    this.reader?.kill("SIGKILL");
    this.answerAll(why);
  }

  private answerAll(error: string): void {
    clearTimeout(this.silence);
    this.silence = undefined;
    for (const [id, resolve] of this.pending) resolve({ id, error });
    this.pending.clear();
  }

  private distrust(why: string): void {
    this.become({ healthy: false, detail: `${this.options.dir}: ${why}; objects are read over HTTP meanwhile` });
  }

  private become(next: MountHealth): void {
    const { journal } = this.options;
    if (next.healthy !== this.state?.healthy) (next.healthy ? journal.info : journal.warn)(`mount: ${next.detail}`);
    this.state = next;
  }
}

import { type ChildProcess, fork } from "node:child_process";
import * as path from "node:path";
import type { FileVersion } from "./files";
import type { Journal } from "./journal";
import type { MountReply, MountRequest } from "./mountReader";

/** How long the mount may give no sign of life while something is asked of it. */
const SILENCE_MS = 5_000;
/** How long an unhealthy mount is left alone, and how often a healthy one is looked at. */
const PROBE_MS = 10_000;
/** So many wrong answers in a row (stale, not found) and it is left alone for a while as well. */
const MAX_WRONG = 8;
/** A driver may fetch a whole object before it gives the first byte, which looks like a hung one: large ones come by GET. */
const MAX_BYTES = 16 * 1024 * 1024;

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
  silenceMs?: number;
  probeMs?: number;
}

/** Reads objects through the FUSE mount as long as that works. Nothing here ever waits for a mount that hangs. */
export class Mount {
  private state: MountHealth = { healthy: false, detail: "not looked at yet" };
  private reader: ChildProcess | undefined;
  private readonly pending = new Map<number, (reply: MountReply) => void>();
  private lastId = 0;
  private wrong = 0;
  private silence: NodeJS.Timeout | undefined;
  private probing: NodeJS.Timeout | undefined;

  constructor(private readonly options: MountOptions) {}

  get health(): MountHealth {
    return this.state;
  }

  /** Looks at the mount now and from time to time. */
  async start(): Promise<void> {
    await this.probe();
    this.probing = setTimeout(() => void this.start(), this.options.probeMs ?? PROBE_MS);
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
    if (!this.state.healthy || version.bytes === 0 || version.bytes > MAX_BYTES) return false;
    const reply = await this.ask({ copy: path.join(this.options.dir, container, object), to });
    if (reply.md5 === version.hash) {
      this.wrong = 0;
      return true;
    }
    // A mount's listing may be a second old: that is no fault of its, and the store has the answer.
    if (reply.md5 !== undefined || reply.error === "ENOENT") {
      if (++this.wrong >= MAX_WRONG) this.distrust(`${this.wrong} stale answers in a row`);
    } else this.distrust(`reading failed (${reply.error})`);
    return false;
  }

  private async probe(): Promise<void> {
    const { dir, containers } = this.options;
    const { names, error } = await this.ask({ list: dir });
    if (names?.some((name) => containers.includes(name))) {
      this.wrong = 0;
      this.become({ healthy: true, detail: `${dir} shows ${names.length} containers` });
    } else if (error !== undefined) this.distrust(error === "silent" ? "no answer" : `reading failed (${error})`);
    else this.distrust("none of the containers is there; nothing mounted?");
  }

  private ask(question: { list: string } | { copy: string; to: string }): Promise<MountReply> {
    const id = ++this.lastId;
    const reader = this.child();
    if (reader === undefined) return Promise.resolve({ id, error: "silent" });
    return new Promise((resolve) => {
      this.pending.set(id, resolve);
      reader.send(
        { id, ...question } satisfies MountRequest,
        (error) => error && this.settle({ id, error: "no reader" }),
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
    this.silence ??= setTimeout(() => {
      this.distrust("no answer");
      this.drop("silent");
    }, this.options.silenceMs ?? SILENCE_MS);
  }

  /** The reader; none while a killed one has not gone, for another would hang just the same. */
  private child(): ChildProcess | undefined {
    if (this.reader?.killed) return undefined;
    if (this.reader === undefined) {
      const reader = fork(this.options.program, ["mount-reader"], {
        env: { ...process.env, UV_THREADPOOL_SIZE: "8" },
        execArgv: [],
      });
      reader.on("message", (reply: MountReply) => this.settle(reply));
      reader.on("error", () => this.drop("no reader"));
      reader.on("exit", () => {
        this.reader = undefined;
        this.answerAll("no reader");
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
    if (next.healthy !== this.state.healthy || this.lastSaid === undefined) {
      this.lastSaid = next.detail;
      if (next.healthy) this.options.journal.info(`mount: ${next.detail}`);
      else this.options.journal.warn(`mount: ${next.detail}`);
    }
    this.state = next;
  }

  private lastSaid: string | undefined;
}

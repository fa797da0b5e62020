import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { SwiftClient } from "../../../swift/client";
import type { Canary as CanaryConfig, Course } from "./config";
import type { Journal } from "./journal";
import type { CanaryStatus } from "./status";

/** Each server has one of its own in the container. */
const OBJECT = `${hostname()}.txt`;
/** Below what nginx serves in spite of the dot, and no course can be. */
const PATH = ".well-known/canary";
/** The site is asked for the new bytes this often … */
const LOOK_MS = 50;
/** … for so long. */
const LIMIT_MS = 60_000;

/** The course that the canary's object lies in; settled as an author's upload is. */
export function canaryCourse({ container }: CanaryConfig): Course {
  return {
    name: "canary",
    container,
    source: "",
    path: PATH,
    link: `/${PATH}/`,
    title: "Canary",
    description: "",
    english: { title: "Canary", description: "" },
    settle: { seconds: 0.7, limitSeconds: 30 },
  };
}

/** Stores an object again and again, and measures how long it takes until the web server serves it: the whole way that a page goes. */
export class Canary {
  private stopped = false;
  private last: CanaryStatus = { at: null, latencySeconds: null, failures: 0, lastError: null };

  constructor(
    private readonly config: CanaryConfig,
    private readonly store: SwiftClient,
    private readonly journal: Journal,
    /** Where the web server is. */
    private readonly site = "http://127.0.0.1",
  ) {}

  get status(): CanaryStatus {
    return this.last;
  }

  /** Measures until `stop`. */
  async run(): Promise<void> {
    while (!this.stopped) {
      const began = performance.now();
      await this.once();
      await sleep(Math.max(1_000, this.config.seconds * 1000 - (performance.now() - began)), undefined, { ref: false });
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private async once(): Promise<void> {
    const at = new Date().toISOString();
    try {
      const latencySeconds = await this.measure(`${at} ${randomBytes(8).toString("hex")}\n`);
      if (this.last.lastError !== null) this.journal.info("canary: what is stored is served again");
      this.last = { ...this.last, at, latencySeconds, lastError: null };
    } catch (error) {
      if (this.stopped) return;
      const lastError = (error as Error).message;
      if (this.last.lastError === null) this.journal.warn(`canary: ${lastError}`);
      this.last = { at, latencySeconds: null, failures: this.last.failures + 1, lastError };
    }
  }

  private async measure(text: string): Promise<number> {
    await this.store.put(this.config.container, OBJECT, text, { contentType: "text/plain" });
    const stored = performance.now();
    while (!this.stopped) {
      if ((await this.served()) === text) return (performance.now() - stored) / 1000;
      if (performance.now() - stored > LIMIT_MS)
        throw new Error(`what was stored is not served within ${LIMIT_MS / 1000} s`);
      await sleep(LOOK_MS);
    }
    throw new Error("the service ends");
  }

  private async served(): Promise<string | undefined> {
    return await fetch(`${this.site}/${PATH}/${OBJECT}`, { signal: AbortSignal.timeout(5_000) }).then(
      (response) => response.text(),
      () => undefined,
    );
  }
}

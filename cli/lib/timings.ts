import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { STATE } from "./paths";
import { duration, secondsSince } from "./progress";

/** Where the times of the last `npm run up` stand. */
const TIMINGS = join(STATE, "timings.json");

/** Measures the phases of `npm run up`; phases may overlap. */
export class Timings {
  readonly startedAt = Date.now();
  readonly #phases: { name: string; seconds: number }[] = [];

  /** Does something and notes how long it took, also when it fails. */
  async measure<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
    const startedAt = Date.now();
    try {
      return await action();
    } finally {
      this.#phases.push({ name, seconds: Number(secondsSince(startedAt).toFixed(1)) });
    }
  }

  /** Writes the times to `.state/timings.json` and returns them in words. */
  record(outcome: "succeeded" | "failed"): string {
    const totalSeconds = Number(secondsSince(this.startedAt).toFixed(1));
    const machine = {
      processor: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 1024 ** 3),
    };
    const startedAt = new Date(this.startedAt).toISOString();
    mkdirSync(STATE, { recursive: true });
    const text = JSON.stringify({ startedAt, outcome, machine, totalSeconds, phases: this.#phases }, null, 2);
    writeFileSync(TIMINGS, `${text}\n`);
    const phases = this.#phases.map(({ name, seconds }) => `${name} ${duration(seconds)}`).join(", ");
    return `${duration(totalSeconds)} (${phases})`;
  }
}

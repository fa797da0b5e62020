import { randomInt } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SwiftClient } from "../../swift/client";
import { CourseHost, FIRST_USER } from "../support/courseHost";
import { whyNoContainers } from "../support/systemdContainer";
import { Lane } from "./model/lane";
import { type Sequence, sequences } from "./model/sequence";
import { SEGMENTS } from "./model/storedCourse";

/** How many sequences. */
const RUNS = Number(process.env.XWMOOC_MODEL_RUNS ?? 500);
/** Makes the same sequences again; how fast they run is another matter, so a rare failure may need some tries. */
const SEED = Number(process.env.XWMOOC_MODEL_SEED ?? randomInt(1_000_000));
/** Sequences at the same time: most of each is waiting. */
const LANES = 6;
/** How long a failing sequence is made shorter. */
const SHRINK_MS = 60_000;
const PROGRESS_MS = 10_000;
const BOOT_MS = 10 * 60_000;

describe.skipIf(whyNoContainers())("random changes, faults and kills", () => {
  let host: CourseHost;
  let store: SwiftClient;
  let lanes: Lane[];

  beforeAll(async () => {
    host = await CourseHost.boot("model");
    const port = await host.container.loopback.forward(8080);
    store = new SwiftClient({ auth: "v1", authUrl: `http://127.0.0.1:${port}/auth/v1.0`, ...FIRST_USER });
    await store.createContainer(SEGMENTS);
    const numbers = Array.from({ length: LANES }, (_, number) => number);
    lanes = await Promise.all(numbers.map((number) => new Lane(number, port, FIRST_USER, store).start()));
  }, BOOT_MS);
  afterAll(async () => {
    await Promise.all(lanes?.map((lane) => lane.stop()) ?? []);
    store?.close();
    await host?.stop();
  }, BOOT_MS);

  it(
    `${RUNS} sequences: only what the store had is ever served, and in the end all that it has`,
    async () => {
      const began = performance.now();
      let done = 0;
      let endAt = Number.POSITIVE_INFINITY;
      const say = (what: string) => process.stderr.write(`model: ${what} (seed ${SEED})\n`);
      const progress = setInterval(() => {
        say(`${done} of ${RUNS} sequences in ${Math.round((performance.now() - began) / 1000)} s`);
      }, PROGRESS_MS);
      const runOn = (lane: Lane) => async (sequence: Sequence) => {
        // What is left counts as good: so the shrinking ends, and with it the other lanes.
        if (performance.now() > endAt) return;
        try {
          await lane.run(sequence);
          done++;
        } catch (error) {
          if (endAt === Number.POSITIVE_INFINITY) {
            endAt = performance.now() + SHRINK_MS;
            say(`one has failed, and is made shorter for ${SHRINK_MS / 1000} s: ${(error as Error).message}`);
          }
          throw error;
        }
      };
      const results = await Promise.all(
        lanes.map((lane, number) =>
          fc.check(fc.asyncProperty(sequences, runOn(lane)), {
            seed: SEED + number,
            numRuns: Math.ceil(RUNS / LANES),
          }),
        ),
      );
      clearInterval(progress);
      say(`${done} sequences in ${Math.round((performance.now() - began) / 1000)} s`);
      const failures = results.filter(({ failed }) => failed).map(reportOf);
      expect(failures, `XWMOOC_MODEL_SEED=${SEED} XWMOOC_MODEL_RUNS=${RUNS} repeats it`).toEqual([]);
      expect(done).toBeGreaterThanOrEqual(RUNS);
    },
    5 * 60_000 + RUNS * 4_000,
  );
});

function reportOf({ counterexample, errorInstance, numShrinks }: fc.RunDetails<[Sequence]>): string {
  const [sequence] = counterexample ?? [];
  const { steps = [], ...settings } = sequence ?? {};
  const lines = [JSON.stringify(settings), ...steps.map((step) => JSON.stringify(step))];
  return `${(errorInstance as Error).message}\nafter ${numShrinks} shrinkings:\n${lines.join("\n")}`;
}

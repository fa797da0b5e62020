import { setTimeout as sleep } from "node:timers/promises";
import { SwiftError } from "../../../swift/errors";
import type { Journal } from "../../publisher/src/journal";
import type { CourseState } from "./state";

/** The pause is at least so many times as long as the listings took: large ones cost both stores much. */
const REST = 9;

export interface MirrorLoopOptions {
  /** Of the course. */
  name: string;
  /** One comparison, and what follows from it. @returns seconds that the listings took; @throws SwiftError in an outage */
  pass: () => Promise<number>;
  seconds: number;
  journal: Journal;
  note: (change: Partial<CourseState>) => void;
}

/** Compares one course again and again, for ever. Each course has its own loop, so none waits for another. */
export async function mirrorLoop({ name, pass, seconds, journal, note }: MirrorLoopOptions): Promise<never> {
  let isOut = false;
  for (;;) {
    let listSeconds = 0;
    try {
      listSeconds = await pass();
      if (isOut) journal.info(`${name}: the outage is over`);
      isOut = false;
    } catch (error) {
      if (!(error instanceof SwiftError)) throw error;
      if (!isOut) journal.warn(`${name}: outage, what is here stays as it is: ${error.message}`);
      isOut = true;
      note({ state: "outage", problem: error.message });
    }
    await sleep(1000 * Math.max(seconds, REST * listSeconds));
  }
}

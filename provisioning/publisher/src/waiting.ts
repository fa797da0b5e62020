import { setTimeout as sleep } from "node:timers/promises";
import type { CourseStatus, Status } from "./status";

/** How a wait goes on. */
export interface Waiting {
  /** Asks for the status; a failure counts as nothing new. */
  ask: () => Promise<Status>;
  /** Gets a line whenever there is something new. */
  say: (line: string) => void;
  /** Milliseconds between two looks. @default 5000 */
  lookMs?: number;
  /** Milliseconds without anything new after which it is given up. @default 600000 */
  patienceMs?: number;
}

/**
 * Waits until all that was to be published since the service began is published, for as long as that makes progress.
 * @throws Error naming the courses that are left when nothing has moved for too long
 */
export async function waitForCourses({ ask, say, lookMs = 5_000, patienceMs = 600_000 }: Waiting): Promise<void> {
  let movedAt = performance.now();
  let told = "no answer yet";
  for (;;) {
    const left = (await ask().catch(() => undefined))?.courses.filter(isBehind);
    if (left?.length === 0) return;
    const news = left?.map(textOf).join(", ") ?? told;
    if (news !== told) {
      movedAt = performance.now();
      say(`waiting for the publication of: ${news}`);
    }
    told = news;
    if (performance.now() - movedAt > patienceMs) throw new Error(`not published, and nothing moves: ${told}`);
    await sleep(lookMs);
  }
}

/** Of a pinned course nothing is to be published. */
function isBehind({ lagSeconds, state }: CourseStatus): boolean {
  return lagSeconds === null && state !== "pinned";
}

function textOf({ name, fetching, state, lastError }: CourseStatus): string {
  if (state === "outage" && lastError) return `${name} (${lastError.message})`;
  return fetching === null ? name : `${name} (${fetching.files} of ${fetching.ofFiles} files)`;
}

import { expect, it } from "vitest";
import type { CourseStatus, Status } from "../../provisioning/publisher/src/status";
import { waitForCourses } from "../../provisioning/publisher/src/waiting";

const course = (name: string, changes: Partial<CourseStatus> = {}) =>
  ({ name, state: "publishing", lagSeconds: null, fetching: null, lastError: null, ...changes }) as CourseStatus;
const fetching = (files: number) => ({ fetching: { files, ofFiles: 2, bytes: 0, ofBytes: 0 } });

/** Waits while the service answers this, one after the other; the last answer stays. */
async function wait(answers: (CourseStatus[] | "silent")[], patienceMs = 1_000): Promise<string[]> {
  const said: string[] = [];
  let asked = 0;
  const ask = async () => {
    const courses = answers[Math.min(asked++, answers.length - 1)];
    if (courses === undefined || courses === "silent") throw new Error("no answer");
    return { courses } as Status;
  };
  await waitForCourses({ ask, say: (line) => said.push(line), lookMs: 1, patienceMs });
  return said;
}

it("a wait ends when every course is published, and says how far they are", async () => {
  const done = course("pi", { lagSeconds: 0, state: "current" });
  expect(
    await wait([[course("pi"), course("a")], [course("pi", fetching(1)), course("a", fetching(1))], [done]]),
  ).toEqual([
    "waiting for the publication of: pi, a",
    "waiting for the publication of: pi (1 of 2 files), a (1 of 2 files)",
  ]);
});

it("a wait takes no silence for an answer", async () => {
  const said = await wait(["silent", [course("pi")], "silent", [course("pi", { lagSeconds: 0 })]]);
  expect(said).toEqual(["waiting for the publication of: pi"]);
});

it("a wait does not wait for a pinned course", async () => {
  expect(await wait([[course("pi", { state: "pinned" })]])).toEqual([]);
});

it("a wait is given up when nothing moves any more, and says what the store has against it", async () => {
  const lastError = { at: "", message: "store.example cannot be reached: connection refused" };
  const lost = course("pi", { state: "outage", lastError });
  await expect(wait([[course("pi")], [lost]], 50)).rejects.toThrow(
    "not published, and nothing moves: pi (store.example cannot be reached: connection refused)",
  );
});

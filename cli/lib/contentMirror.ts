import type { CourseState, State } from "../../provisioning/content-mirror/src/state";
import { UserError } from "./errors";
import { duration } from "./progress";
import { type Answer, noAnswer } from "./webServer";

/** A course of a mirror, compared with its source. */
export type MirrorStatus = CourseState;

/** Asks for what the mirror has found in its last comparison of both stores, on the web server. */
export const MIRROR_COMMAND = "sudo -n cat /var/lib/content-mirror/state.json";

/** A mirror that has shown no sign of life for so long is not at work. */
const SILENT_MINUTES = 15;

/** The mirror's answer. @throws UserError where it gives none */
export function mirrorStatus(answer: Answer): MirrorStatus[] {
  if (answer.code !== 0) throw new UserError(noAnswer(answer));
  return (JSON.parse(answer.text) as State).courses;
}

/** Why a course is not in step with its source, in words; undefined where it is, or is about to be. */
export function mirrorProblem(status: MirrorStatus, now = Date.now()): string | undefined {
  const { state, different, problem, seenAt } = status;
  const silentMs = now - Date.parse(seenAt ?? "");
  if (!(silentMs < SILENT_MINUTES * 60_000)) {
    const since = seenAt === null ? "" : ` for ${duration(silentMs / 1000)}`;
    return `the mirror has given no sign of life${since}: npm run ssh -- sudo journalctl --unit content-mirror --lines 20`;
  }
  if (state === "outage") return problem ?? "one of the stores gives no listing";
  if (state === "different")
    return `${different} objects are not as in the other region${problem ? `: ${problem}` : ""}`;
  return undefined;
}

import type { CourseStatus, Status } from "../../provisioning/publisher/src/status";
import { UserError } from "./errors";
import { type Answer, noAnswer } from "./webServer";

export type { CourseStatus, Status };

/** Asks the publisher, on the web server. */
export const PUBLISHER_COMMAND = "sudo -n site-publisher status --json";

/** The publisher's answer. @throws UserError where it gives none */
export function publisherStatus(answer: Answer): Status {
  if (answer.code !== 0) throw new UserError(noAnswer(answer));
  return JSON.parse(answer.text) as Status;
}

import type { CourseStatus, Status } from "../../provisioning/publisher/src/status";
import { run } from "./run";
import { withSshLogin } from "./ssh";
import type { StackOutputs } from "./stack";

export type { CourseStatus, Status };

/** Seconds for one answer over SSH: an emulated server with much to do takes long to log in to. */
export const STATUS_SECONDS = 90;

/** Asks the publisher on the web server. @throws CommandError when the server or the publisher does not answer. */
export async function publisherStatus(outputs: StackOutputs): Promise<Status> {
  const answer = await withSshLogin(outputs, (args) =>
    run("ssh", [...args, "sudo -n site-publisher status --json"], { timeoutSeconds: STATUS_SECONDS }),
  );
  return JSON.parse(answer) as Status;
}

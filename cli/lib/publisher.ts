import type { CourseStatus, Status } from "../../provisioning/publisher/src/status";
import { run } from "./run";
import { withSshLogin } from "./ssh";
import type { StackOutputs } from "./stack";

export type { CourseStatus, Status };

/** Prints the status on one line, however the publisher breaks it. */
const STATUS_COMMAND = "sudo -n site-publisher status --json | tr -d '\\n'; echo";

/** Seconds for one answer over SSH: an emulated server with much to do takes long to log in to. */
const STATUS_SECONDS = 90;

/** Asks the publisher on the web server. @throws CommandError when the server or the publisher does not answer. */
export async function publisherStatus(outputs: StackOutputs): Promise<Status> {
  const answer = await withSshLogin(outputs, (args) =>
    run("ssh", [...args, STATUS_COMMAND], { timeoutSeconds: STATUS_SECONDS }),
  );
  return JSON.parse(answer) as Status;
}

/**
 * Waits, over one connection, until the publisher says what is waited for.
 * @param isReached gets each new status, about every two seconds.
 * @throws CommandError when the connection ends before, or after the time limit.
 */
export async function waitForPublisher(
  outputs: StackOutputs,
  timeoutSeconds: number,
  isReached: (status: Status) => boolean,
): Promise<void> {
  const enough = new AbortController();
  await withSshLogin(outputs, (args) =>
    run("ssh", [...args, `while ${STATUS_COMMAND}; do sleep 2; done`], {
      timeoutSeconds,
      signal: enough.signal,
      onLine: (line) => {
        if (line.startsWith("{") && isReached(JSON.parse(line) as Status)) enough.abort();
      },
    }),
  );
}

/** What a URL answers: its HTTP status, or why there is none. */
export async function httpStatus(url: string): Promise<number | string> {
  try {
    const response = await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(10_000) });
    return response.status;
  } catch (error) {
    const cause = (error as Error).cause as { code?: string } | undefined;
    return cause?.code ?? (error as Error).name;
  }
}

import { UserError } from "./errors";
import { count, type Lane } from "./progress";
import { httpStatus, type Status, waitForPublisher } from "./publisher";
import type { StackOutputs } from "./stack";

/** Seconds in which the publisher must have published everything. */
const PUBLICATION_SECONDS = 900;

/**
 * Waits until the site serves every course.
 * @param expected number of files of each course that has got new content; a course that is missing here needs only answer.
 * @throws UserError naming the courses that it does not serve in time.
 */
export async function waitForSite(
  outputs: StackOutputs,
  expected: ReadonlyMap<string, number>,
  lane: Lane,
): Promise<void> {
  const urls = Object.entries(outputs.courseUrls);
  const silent = async () => {
    const answers = await Promise.all(urls.map(async ([name, url]) => ({ name, http: await httpStatus(url) })));
    return answers.filter(({ http }) => http !== 200).map(({ name, http }) => `${name} (${http})`);
  };
  if (expected.size > 0 || (await silent()).length > 0) {
    lane.line("waiting for the publisher");
    await waitForPublisher(outputs, PUBLICATION_SECONDS, (status) => isPublished(status, expected, lane));
  }
  const missing = await silent();
  lane.end();
  if (missing.length > 0) {
    throw new UserError(
      `The site does not serve ${missing.join(", ")}: see \`npm run status\`, then run \`npm run up\` again.`,
    );
  }
}

function isPublished(status: Status, expected: ReadonlyMap<string, number>, lane: Lane): boolean {
  const open = status.courses.filter(
    ({ name, state, files }) => state !== "current" || files < (expected.get(name) ?? 1),
  );
  const done = status.courses.length - open.length;
  const rest = open.map(({ name, files, state }) => `${name}: ${state}, ${count(files)} files`);
  lane.line(`${done} of ${status.courses.length} courses published${rest.length > 0 ? `; ${rest.join("; ")}` : ""}`);
  return open.length === 0;
}

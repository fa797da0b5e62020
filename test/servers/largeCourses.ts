import type { Course } from "../../config/schema";
import { EMPTIED_MARKER } from "../../provisioning/publisher/src/files";
import type { Status } from "../../provisioning/publisher/src/status";
import { config, each, npm, onServer, store, until } from "../e2e/support/project";

// What an emulated server publishes for a quarter of an hour, each time it is made anew, and no visitor of the test asks for.
const courses = config.courses.filter(({ name }) => ["rur-ple", "scloud", "swcarpentry"].includes(name));
const inCourse = ({ source }: Course, name: string) => (source ? `${source}/${name}` : name);

/** Deletes all of these courses but their start pages, as their authors would, and waits until the site has it. @returns when */
export async function thin(): Promise<Date> {
  const began = new Date();
  const client = store();
  for (const course of courses) {
    const kept = [EMPTIED_MARKER, "index.html"].map((name) => inCourse(course, name));
    await client.put(course.container, inCourse(course, EMPTIED_MARKER), "");
    const names = (await client.list(course.container, inCourse(course, ""))).map(({ name }) => name);
    const gone = names.filter((name) => !kept.includes(name));
    await each(gone, 8, (name) => client.delete(course.container, name));
  }
  client.close();
  await until("only their start pages are published", 600, async () => {
    const answer = JSON.parse(await onServer("sudo site-publisher status --json")) as Status;
    return courses.every(({ name }) => answer.courses.find((one) => one.name === name)?.files === 1);
  });
  return began;
}

/** Brings back what was deleted. @param since what {@link thin} returned */
export async function restore(since: Date): Promise<void> {
  const client = store();
  for (const course of courses) {
    await npm("restore", course.name, "--all", "--before", since.toISOString());
    await client.delete(course.container, inCourse(course, EMPTIED_MARKER));
  }
  client.close();
}

import type { z } from "zod";

const SUFFIX = "-archive";
/** Swift takes no longer name of a container. */
const MAX_CONTAINER_BYTES = 256;

/** The part of a stack's configuration that the archives must fit to. */
interface Surroundings {
  courses: { name: string; container: string }[];
  uploadGateway?: { segmentsContainer: string } | undefined;
}

/** The container, or the course's resource, that takes what is overwritten or deleted in another one. */
export function archiveOf(name: string): string {
  return `${name}${SUFFIX}`;
}

/** Adds what keeps a course's container from having an archive beside it. */
export function checkArchive({ courses, uploadGateway }: Surroundings, context: z.core.$RefinementCtx): void {
  const issue = (path: PropertyKey[], message: string) => context.addIssue({ code: "custom", path, message });
  const takenBy = (key: "name" | "container", value: string | undefined) =>
    courses.find((course) => archiveOf(course[key]) === value)?.name;
  for (const [index, { name, container }] of courses.entries()) {
    if (Buffer.byteLength(archiveOf(container)) > MAX_CONTAINER_BYTES) {
      const most = MAX_CONTAINER_BYTES - SUFFIX.length;
      issue(["courses", index, "container"], `must be at most ${most} bytes: its archive's name ends in ${SUFFIX}`);
    }
    for (const [key, value] of Object.entries({ name, container }) as ["name" | "container", string][]) {
      const other = takenBy(key, value);
      if (other !== undefined)
        issue(["courses", index, key], `"${value}" is the archive of course ${other}: give another ${key}`);
    }
  }
  const segments = uploadGateway?.segmentsContainer;
  const course = takenBy("container", segments);
  if (course !== undefined)
    issue(["uploadGateway", "segmentsContainer"], `"${segments}" is the archive of course ${course}: give another one`);
}

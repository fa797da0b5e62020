import type { z } from "zod";
import { archiveOf } from "./archive";
import { uploadGateway as gatewaySchema } from "./uploadGateway";

/** Where a gateway that the stack has no more, or not yet, keeps the parts of large files. */
const USUAL_SEGMENTS = gatewaySchema.shape.segmentsContainer.parse(undefined);

/** The part of a stack's configuration that the canary must keep away from. */
interface Surroundings {
  courses: { name: string; container: string }[];
  publisher: { canary: { container: string } };
  uploadGateway?: { segmentsContainer: string } | undefined;
}

/**
 * Adds whose container the canary's would be: it is deleted with all it holds, content must not be.
 * Containers are kept when what they are for is turned off, so the names are, too.
 */
export function checkCanary({ courses, publisher, uploadGateway }: Surroundings, context: z.core.$RefinementCtx): void {
  const owners = new Map([
    [uploadGateway?.segmentsContainer ?? USUAL_SEGMENTS, "the upload gateway's segments"],
    ...courses.map(({ name, container }) => [archiveOf(container), `the archive of course ${name}`] as const),
    ...courses.map(({ name, container }) => [container, `course ${name}`] as const),
  ]);
  const { container } = publisher.canary;
  const owner = owners.get(container);
  if (owner === undefined) return;
  const message = `"${container}" is the container of ${owner}: give another one`;
  context.addIssue({ code: "custom", path: ["publisher", "canary", "container"], message });
}

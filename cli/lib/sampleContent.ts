import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { swiftCredentials } from "../../components/hostFiles";
import type { StackConfig } from "../../config/schema";
import { SwiftClient } from "../../swift/client";
import { UserError } from "./errors";
import { interruption } from "./interruption";
import { STATE } from "./paths";
import { count, type Lane } from "./progress";
import { SAMPLES, sampleOf } from "./samples";
import { upload } from "./upload";

/** Courses that have got their sample content, and hence belong to the user now. */
const PROVIDED = join(STATE, "samples.json");

/** Downloads the sample content of all courses, as far as it is not there. */
export async function downloadSamples(lane: Lane): Promise<void> {
  try {
    for (const course of Object.keys(SAMPLES)) await sampleOf(course, (line) => lane.line(line));
  } finally {
    lane.end();
  }
}

/**
 * Gives each course its sample content, once: what users change later stays as they want it.
 * @returns the number of files of each course that has got content now.
 * @throws UserError when something could not be stored; what is stored is not sent again.
 */
export async function provideSamples(config: StackConfig, lane: Lane): Promise<Map<string, number>> {
  const provided = new Set<string>(existsSync(PROVIDED) ? JSON.parse(readFileSync(PROVIDED, "utf8")) : []);
  const client = new SwiftClient(swiftCredentials(config.objectStore), { signal: interruption });
  const expected = new Map<string, number>();
  try {
    for (const course of config.courses) {
      const isEmpty = (await client.list(course.container, course.source)).length === 0;
      const sample = provided.has(course.name) && !isEmpty ? undefined : await sampleOf(course.name, () => {});
      if (!sample) continue;
      lane.line(`uploading sample content of ${course.name}`);
      const { files, uploaded, failed } = await upload(client, course, sample.folder, { boundary: sample.boundary });
      const first = failed[0];
      if (first) throw new UserError(`${course.name}: ${first.name}: ${first.reason}. Run \`npm run up\` again.`);
      if (uploaded > 0)
        lane.line(`${course.name}: ${count(uploaded)} files uploaded, ${count(files - uploaded)} were there`);
      expected.set(course.name, files);
      writeFileSync(PROVIDED, `${JSON.stringify([...provided.add(course.name)])}\n`);
    }
  } finally {
    client.close();
    lane.end();
  }
  return expected;
}

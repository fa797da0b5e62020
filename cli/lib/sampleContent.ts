import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { swiftCredentials } from "../../components/hostFiles";
import type { Course, StackConfig } from "../../config/schema";
import { SwiftClient } from "../../swift/client";
import { SwiftError } from "../../swift/errors";
import type { ListedObject } from "../../swift/listing";
import { UserError } from "./errors";
import { interruption, pause } from "./interruption";
import { findFiles, type LocalFile } from "./localFiles";
import { STATE } from "./paths";
import { count, type Lane } from "./progress";
import { sampleOf } from "./samples";
import { upload } from "./upload";

/** Courses that have got their sample content, and hence belong to the user now. */
const PROVIDED = join(STATE, "samples.json");

/**
 * Gives each course its sample content as soon as its container is there, once: what users change later stays as they want it.
 * @returns the files of each course that has got content now.
 * @throws UserError when something could not be stored; what is stored is not sent again.
 */
export async function provideSamples(config: StackConfig, lane: Lane): Promise<Map<string, LocalFile[]>> {
  const provided = new Set<string>(existsSync(PROVIDED) ? JSON.parse(readFileSync(PROVIDED, "utf8")) : []);
  const client = new SwiftClient(swiftCredentials(config.objectStore), { signal: interruption });
  const content = new Map<string, LocalFile[]>();
  const say = (line: string) => lane.line(line);
  try {
    for (const course of config.courses) {
      const isEmpty = (await listWhenThere(client, course)).length === 0;
      const sample = provided.has(course.name) && !isEmpty ? undefined : await sampleOf(course.name, say);
      if (!sample) continue;
      say(`${course.name}: uploading sample content`);
      const { files } = await findFiles(sample.folder, sample.boundary);
      const { failed } = await upload(client, course, sample.folder, {
        boundary: sample.boundary,
        onProgress: say,
      });
      const first = failed[0];
      if (first) throw new UserError(`${course.name}: ${first.name}: ${first.reason}. Run \`npm run up\` again.`);
      say(`${course.name}: ${count(files.length)} files are stored`);
      content.set(course.name, files);
      writeFileSync(PROVIDED, `${JSON.stringify([...provided.add(course.name)])}\n`);
    }
  } finally {
    client.close();
    lane.end();
  }
  return content;
}

/** The course's objects, once Pulumi has made its container. */
async function listWhenThere(client: SwiftClient, course: Course): Promise<ListedObject[]> {
  for (;;) {
    try {
      return await client.list(course.container, course.source);
    } catch (error) {
      if (!(error instanceof SwiftError) || error.kind !== "notFound") throw error;
      await pause(1);
    }
  }
}

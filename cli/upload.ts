// npm run upload -- COURSE FOLDER: brings a course's content into its container.
import { resolve } from "node:path";
import { swiftCredentials } from "../components/hostFiles";
import { SwiftClient } from "../swift/client";
import { parseArguments, usageError } from "./lib/arguments";
import { runMain, UserError } from "./lib/errors";
import { interruption, listenForInterruption } from "./lib/interruption";
import { count, duration, secondsSince } from "./lib/progress";
import { DEV } from "./lib/stack";
import { findCourse, loadStackConfig } from "./lib/stackConfig";
import { stackNamed } from "./lib/toolchain";
import { type UploadResult, upload } from "./lib/upload";

const USAGE = `Usage: npm run upload -- COURSE FOLDER [--stack STACK] [--delete]

Brings the content of FOLDER into the container of COURSE; only what has changed is sent. Run it again to continue after
an interruption.
  --stack STACK  the stack whose object store takes it (default: dev)
  --delete       also delete objects of the course that FOLDER does not have`;

/** Lines about single files; the rest is summed up. */
const SHOWN = 20;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    stack: { type: "string", default: DEV },
    delete: { type: "boolean", default: false },
  });
  const [name, folder, ...more] = positionals;
  if (name === undefined || folder === undefined) throw usageError("COURSE and FOLDER are needed.", USAGE);
  if (more.length > 0) throw usageError(`One COURSE and one FOLDER are needed; "${more[0]}" is too much.`, USAGE);

  listenForInterruption();
  const startedAt = Date.now();
  const config = await loadStackConfig(await stackNamed(values.stack));
  const course = findCourse(config.courses, name);
  if (config.mirror)
    throw new UserError(
      `Stack ${values.stack} is a mirror: what is stored there would be taken away again. Upload in the region of ${config.mirror.from.authUrl}.`,
    );
  const client = new SwiftClient(swiftCredentials(config.objectStore), { signal: interruption });
  // npm runs us in the project's folder, wherever the user is.
  const absolute = resolve(process.env.INIT_CWD ?? "", folder);
  process.stdout.write(`Comparing ${absolute} with container ${course.container} ...\n`);
  const result = await upload(client, course, absolute, { delete: values.delete });
  report(result, secondsSince(startedAt));
  return result.failed.length > 0 ? 1 : 0;
});

function report(result: UploadResult, seconds: number): void {
  const lines = [
    ...few(result.skipped.map(({ name, reason }) => `skipped ${JSON.stringify(name)}: ${reason}`)),
    ...few(result.failed.map(({ name, reason }) => `failed  ${JSON.stringify(name)}: ${reason}`)),
    [
      `${count(result.files)} files`,
      `${count(result.unchanged)} unchanged`,
      `${count(result.uploaded)} uploaded`,
      ...(result.deleted > 0 ? [`${count(result.deleted)} deleted`] : []),
      `${count(result.failed.length)} failed in ${duration(seconds)}`,
    ].join(", "),
  ];
  if (result.failed.length > 0) lines.push("Run the same command again to send what is missing.");
  process.stdout.write(`${lines.join("\n")}\n`);
}

function few(lines: string[]): string[] {
  return lines.length <= SHOWN ? lines : [...lines.slice(0, SHOWN), `... and ${count(lines.length - SHOWN)} more`];
}

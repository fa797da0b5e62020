// npm run restore -- COURSE [OBJECT]: lists what was overwritten or deleted, and brings it back.
import { swiftCredentials } from "../components/hostFiles";
import { SwiftClient } from "../swift/client";
import { readArchive, restoreCourse, restoreObject, timeText, type Version } from "./lib/archive";
import { parseArguments, usageError } from "./lib/arguments";
import { runMain, UserError } from "./lib/errors";
import { interruption, listenForInterruption } from "./lib/interruption";
import { count, duration, secondsSince } from "./lib/progress";
import { DEV } from "./lib/stack";
import { findCourse, loadStackConfig } from "./lib/stackConfig";
import { stackNamed } from "./lib/toolchain";

const USAGE = `Usage: npm run restore -- COURSE [OBJECT] [--before TIME] [--list] [--all] [--stack STACK]

Brings OBJECT of COURSE back as it was before it was overwritten or deleted last; without OBJECT, lists what the archive
of COURSE holds, newest first. What is replaced goes into the archive itself.
  --before TIME  as it was at TIME, e.g. 2026-11-23T18:21:49Z or a time of the list
  --list         only list; with OBJECT, what there is of this one
  --all          with --before: everything that was overwritten or deleted since TIME; what is new since then stays
  --stack STACK  the stack whose object store it is (default: dev)`;

/** Without a zone it would be read as this machine's. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    before: { type: "string" },
    list: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    stack: { type: "string", default: DEV },
  });
  const [name, object, ...more] = positionals;
  const { list, all } = values;
  if (name === undefined) throw usageError("COURSE is needed.", USAGE);
  if (more.length > 0) throw usageError(`One COURSE and one OBJECT are enough; "${more[0]}" is too much.`, USAGE);
  if (all && (list || object !== undefined)) throw usageError("--all excludes OBJECT and --list.", USAGE);
  if (all && values.before === undefined) throw usageError("--all needs --before: the time to go back to.", USAGE);
  const before = values.before === undefined ? undefined : timeOf(values.before);

  listenForInterruption();
  const startedAt = Date.now();
  const config = await loadStackConfig(await stackNamed(values.stack));
  const course = findCourse(config.courses, name);
  const isListed = list || (object === undefined && !all);
  if (config.mirror && !isListed)
    throw new UserError(
      `Stack ${values.stack} is a mirror: what is stored there would be taken away again. Restore in the region of ${config.mirror.from.authUrl}.`,
    );
  const client = new SwiftClient(swiftCredentials(config.objectStore), { signal: interruption });
  if (isListed) {
    show(await readArchive(client, course, object), before);
    return 0;
  }
  if (object !== undefined) {
    const version = await restoreObject(client, course, object, before);
    const done =
      version && `is back as it was stored at ${timeText(version.at)} (${count(version.entry.bytes)} bytes).`;
    process.stdout.write(`${object} ${done ?? "is so already: nothing was changed."}\n`);
    return 0;
  }
  process.stdout.write(`Comparing container ${course.container} with its archive ...\n`);
  const { restored, failed } = await restoreCourse(client, course, before ?? Date.now());
  for (const { name, reason } of failed) process.stdout.write(`failed  ${JSON.stringify(name)}: ${reason}\n`);
  const seconds = duration(secondsSince(startedAt));
  process.stdout.write(`${count(restored)} objects are back, ${count(failed.length)} failed in ${seconds}\n`);
  return failed.length > 0 ? 1 : 0;
});

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (TIME.test(text) && !Number.isNaN(time)) return time;
  throw usageError(`--before ${text} is not a time with its zone, such as 2026-11-23T18:21:49Z.`, USAGE);
}

function show(versions: Version[], before = Number.POSITIVE_INFINITY): void {
  const lines = versions
    .filter(({ at }) => at <= before)
    .map(({ object, at, deleted, entry }) => {
      const what = deleted ? "deleted" : `${count(entry.bytes)} bytes`;
      return `${timeText(at)}  ${what.padStart(19)}  ${object}`;
    });
  process.stdout.write(lines.length > 0 ? `${lines.join("\n")}\n` : "The archive holds nothing of it.\n");
}

import { parseArgs } from "node:util";
import { ConfigError, loadSettings } from "./config";
import { ask, NotRunning } from "./control";
import { journal } from "./journal";
import { runMountReader } from "./mountReader";
import { Publisher } from "./publisher";
import type { ReleaseStatus, Status } from "./status";
import { statusText } from "./statusText";
import { waitForCourses } from "./waiting";

const USAGE = `usage: site-publisher run                        publish the courses (the service does this)
       site-publisher status [COURSE] [--json]   what is published, and what keeps the rest from it
       site-publisher wait                       wait until all courses are published, as long as something moves
       site-publisher releases COURSE [--json]   the releases that are kept, newest first
       site-publisher rollback COURSE [RELEASE]  show an older one, until the store changes or \`unpin\`
       site-publisher pin COURSE [RELEASE]       show one, whatever the store does, until \`unpin\`
       site-publisher unpin COURSE               show the newest one again, and follow the store
       site-publisher publish COURSE             publish what the store has now, settled or not
       site-publisher announce COURSE OBJECT...  objects of the course's container were stored just now
       site-publisher approve COURSE             delete from the site what is held

options: --config FILE       default /etc/site-publisher/config.json
         --credentials FILE  default /etc/site-publisher/credentials.json
         --socket FILE       default /run/site-publisher/control.sock`;

/** EX_USAGE and EX_CONFIG of sysexits.h: for the second, a restart can't help. */
const EXIT_USAGE = 64;
const EXIT_CONFIG = 78;

class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  const [verb, ...rest] = positionals;
  if (values.help) console.log(USAGE);
  else if (verb === "run" && rest.length === 0) await run(values.config, values.credentials, values.socket);
  else if (verb === "status" && rest.length <= 1) await showStatus(values.socket, rest[0], values.json);
  else if (verb === "wait" && rest.length === 0) await wait(values.socket);
  else if (verb === "releases" && rest.length === 1) await showReleases(values.socket, rest[0] ?? "", values.json);
  else if (verb !== undefined && verb in ORDERS && takes(verb, rest)) await order(values.socket, verb, rest);
  else if (verb === "mount-reader" && process.send !== undefined) runMountReader();
  else throw new UsageError(verb === undefined ? "what is to be done?" : `"${positionals.join(" ")}" is not a command`);
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        config: { type: "string", default: "/etc/site-publisher/config.json" },
        credentials: { type: "string", default: "/etc/site-publisher/credentials.json" },
        socket: { type: "string", default: "/run/site-publisher/control.sock" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function run(configFile: string, credentialsFile: string, socket: string): Promise<void> {
  const { config, credentials } = loadSettings(configFile, credentialsFile);
  // What is published is for everyone to read.
  process.umask(0o022);
  const publisher = new Publisher({ config, credentials, socket, program: __filename, journal });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      publisher.stop();
      // Whatever is under way may be cut off anywhere: that is what a release is for.
      process.exit(0);
    });
  }
  await publisher.run();
}

async function showStatus(socket: string, course: string | undefined, json: boolean): Promise<void> {
  const all = await ask<Status>(socket, "GET", "/status");
  const courses = all.courses.filter(({ name }) => course === undefined || name === course);
  if (courses.length === 0 && course !== undefined)
    throw new Error(`no course ${course}; there are: ${all.courses.map(({ name }) => name).join(", ")}`);
  const status = { ...all, courses };
  console.log(json ? JSON.stringify(status, undefined, 2) : statusText(status));
}

async function wait(socket: string): Promise<void> {
  await waitForCourses({ ask: () => ask<Status>(socket, "GET", "/status"), say: console.log });
  console.log("all courses are published");
}

async function showReleases(socket: string, course: string, json: boolean): Promise<void> {
  const releases = await ask<ReleaseStatus[]>(socket, "GET", `/courses/${encodeURIComponent(course)}/releases`);
  if (json) console.log(JSON.stringify(releases, undefined, 2));
  else
    for (const { id, shown, pinned } of releases)
      console.log(`${id}${shown ? "  shown" : ""}${pinned ? ", pinned" : ""}`);
}

/** What the service answers to an order. */
interface Done {
  approved?: number;
  release?: string;
}

/** The verbs that change something, and what is said when it is done. */
const ORDERS: Record<string, (done: Done) => string> = {
  approve: ({ approved }) => (approved === 0 ? "nothing is held" : `${approved} files are deleted from the site`),
  rollback: ({ release }) => `visitors see ${release}, until the store changes or \`unpin\``,
  pin: ({ release }) => `visitors see ${release}, until \`unpin\``,
  unpin: ({ release }) => (release === undefined ? "nothing is published yet" : `visitors see ${release}, the newest`),
  publish: () => "what the store has now is being published",
  announce: () => "noted",
};

/** How many arguments a verb takes, the course included. */
const ARGUMENTS: Record<string, [least: number, most: number]> = {
  rollback: [1, 2],
  pin: [1, 2],
  announce: [2, Number.POSITIVE_INFINITY],
};

function takes(verb: string, args: string[]): boolean {
  const [least, most] = ARGUMENTS[verb] ?? [1, 1];
  return args.length >= least && args.length <= most;
}

async function order(socket: string, verb: string, [course = "", ...rest]: string[]): Promise<void> {
  const path = `/courses/${encodeURIComponent(course)}/${verb}`;
  const [release] = rest;
  const done =
    verb === "announce"
      ? await ask<Done>(socket, "POST", path, rest)
      : await ask<Done>(
          socket,
          "POST",
          release === undefined ? path : `${path}?release=${encodeURIComponent(release)}`,
        );
  console.log(`${course}: ${ORDERS[verb]?.(done)}`);
}

main(process.argv.slice(2)).catch((error: NodeJS.ErrnoException) => {
  process.stderr.write(`site-publisher: ${error.message}\n`);
  if (error instanceof UsageError) process.stderr.write(`${USAGE}\n`);
  process.exit(
    error instanceof ConfigError
      ? EXIT_CONFIG
      : error instanceof UsageError
        ? EXIT_USAGE
        : error instanceof NotRunning
          ? 3
          : 1,
  );
});

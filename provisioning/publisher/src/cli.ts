import { parseArgs } from "node:util";
import { ConfigError, loadSettings } from "./config";
import { ask, NotRunning } from "./control";
import { journal } from "./journal";
import { runMountReader } from "./mountReader";
import { Publisher } from "./publisher";
import type { Status } from "./status";
import { statusText } from "./statusText";

const USAGE = `usage: site-publisher run               publish the courses (the service does this)
       site-publisher status [--json]   what is published, and what keeps the rest from it
       site-publisher approve COURSE    delete from the site what is held

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
  else if (verb === "status" && rest.length === 0) await showStatus(values.socket, values.json);
  else if (verb === "approve" && rest.length === 1) await approve(values.socket, rest[0] ?? "");
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

async function showStatus(socket: string, json: boolean): Promise<void> {
  const status = await ask<Status>(socket, "GET", "/status");
  console.log(json ? JSON.stringify(status, undefined, 2) : statusText(status));
}

async function approve(socket: string, course: string): Promise<void> {
  const { approved } = await ask<{ approved: number }>(
    socket,
    "POST",
    `/courses/${encodeURIComponent(course)}/approve`,
  );
  console.log(approved === 0 ? `${course}: nothing is held` : `${course}: ${approved} files are deleted from the site`);
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

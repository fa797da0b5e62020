import { existsSync, readFileSync } from "node:fs";
import { UserError } from "./errors";
import { DEVCLOUD } from "./paths";
import { Lane } from "./progress";
import { run } from "./run";

/** What `devcloud status --json` tells. */
export interface DevcloudStatus {
  running: boolean;
  built: boolean;
  services: Record<string, boolean>;
  servers: { name: string; status: string; addresses: string[] }[];
  memoryMiB: number;
}

/**
 * The dev cloud needs Linux, root and Debian or Ubuntu.
 * @throws UserError saying what is missing here and what works everywhere.
 */
export function requireDevcloudHost(): void {
  const elsewhere = "Everything else (npm test, npm run pulumi with the stacks of the regions) works on any machine.";
  if (process.platform !== "linux") throw new UserError(`The dev cloud runs on Linux only. ${elsewhere}`);
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release)) {
    throw new UserError(`The dev cloud needs Debian 12 or Ubuntu 24.04. ${elsewhere}`);
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(
      "The dev cloud needs root (it makes a container and network interfaces): run this command as root.",
    );
  }
}

/** Runs one command of the dev cloud and shows its progress. */
export async function runDevcloud(args: string[], lane = new Lane("devcloud")): Promise<void> {
  requireDevcloudHost();
  try {
    await run(DEVCLOUD, args, {
      onLine: (line) => lane.line(line),
      failure: "The dev cloud reports an error (above). Run the command again to go on where it stopped.",
    });
  } finally {
    lane.end();
  }
}

/** State of the dev cloud. @throws CommandError when it can't be told. */
export async function devcloudStatus(): Promise<DevcloudStatus> {
  return JSON.parse(await run(DEVCLOUD, ["status", "--json"], { timeoutSeconds: 30 })) as DevcloudStatus;
}

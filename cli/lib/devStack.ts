import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { devcloudStatus } from "./devcloud";
import { UserError } from "./errors";
import { deleteLeftovers } from "./leftovers";
import { BACKEND } from "./paths";
import { DEV, PROJECT, type Stack } from "./stack";
import { loadStackConfig } from "./stackConfig";

const SERVER = "openstack:compute/instance:Instance";

/** The part of Pulumi's checkpoint file that is looked at here. */
interface Checkpoint {
  checkpoint: {
    latest?: {
      resources?: Resource[];
      pending_operations?: { resource: Resource; type: string }[];
    };
  };
}

interface Resource {
  type: string;
  id?: string;
  inputs?: { name?: string };
}

type Say = (line: string) => void;

/** What tests replace. */
export interface Surroundings {
  /** Pulumi's file backend. Default: the dev stack's own. */
  backend: string;
  /** Names of the servers that the cloud has. Default: asks the dev cloud. */
  serverNames: () => Promise<string[]>;
}

const DEFAULT: Surroundings = {
  backend: BACKEND,
  serverNames: async () => (await devcloudStatus()).servers.map((server) => server.name),
};

/**
 * Makes the stack `dev` ready for an update: creates it the first time, and mends what an interrupted `npm run up` or a dev
 * cloud that was made anew has left behind.
 * @throws UserError when another Pulumi process works on it.
 */
export async function prepareDevStack(
  stack: Stack,
  say: Say,
  { backend, serverNames }: Surroundings = DEFAULT,
): Promise<void> {
  const checkpoint = join(backend, ".pulumi", "stacks", PROJECT, `${DEV}.json`);
  if (!existsSync(checkpoint)) {
    say("creating the stack dev");
    await stack.pulumi(["stack", "init"]);
    return;
  }
  await releaseLeftLocks(stack, lockFolder(backend), say);
  const { resources = [], pending_operations: pending = [] } = readCheckpoint(checkpoint);
  if (pending.length > 0) {
    say("an earlier run was cut off in the middle of a change: comparing the state with the cloud");
    await deleteUnrecorded(
      stack,
      pending.map((operation) => operation.resource),
      resources,
    );
  } else if (isWithoutOurServer(await serverNames(), resources)) {
    say("the dev cloud has been made anew: comparing the state with it");
  } else {
    return;
  }
  await stack.pulumi(
    ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--suppress-progress", "--suppress-outputs"],
    {
      onLine: say,
    },
  );
}

/** The process that updates the stack `dev` at this moment. */
export function updatingProcess(folder = lockFolder(BACKEND)): number | undefined {
  return readLocks(folder).find(({ pid, hostname: host }) => host === hostname() && isPulumi(pid))?.pid;
}

/** A Pulumi that was killed leaves its lock; one whose process lives still holds it. */
async function releaseLeftLocks(stack: Stack, folder: string, say: Say): Promise<void> {
  if (readLocks(folder).length === 0) return;
  const pid = updatingProcess(folder);
  if (pid) {
    throw new UserError(
      `Pulumi (process ${pid}) is at work on stack dev: wait until it has ended, or stop it: kill -INT ${pid}`,
    );
  }
  say("an earlier run was cut off: removing its lock");
  await stack.pulumi(["cancel", "--yes"]);
}

function lockFolder(backend: string): string {
  return join(backend, ".pulumi", "locks", "organization", PROJECT, DEV);
}

function readLocks(folder: string): { pid: number; hostname: string }[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
}

/** The process lives, and is not another one that has got the number of a dead Pulumi. A zombie ("Z") is dead. */
function isPulumi(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && /^\d+ \(pulumi.*\) [^Z]/.test(readFileSync(file, "utf8"));
}

function readCheckpoint(file: string): NonNullable<Checkpoint["checkpoint"]["latest"]> {
  return (JSON.parse(readFileSync(file, "utf8")) as Checkpoint).checkpoint.latest ?? {};
}

/** What was being created may be there, although the state does not say so; it would stand in its successor's way. */
async function deleteUnrecorded(stack: Stack, pending: Resource[], recorded: Resource[]): Promise<void> {
  const names = pending.filter(({ type }) => type === SERVER).flatMap(({ inputs }) => inputs?.name ?? []);
  if (names.length === 0) return;
  const { compute } = await loadStackConfig(stack);
  await deleteLeftovers(compute, names, new Set(recorded.flatMap(({ id }) => id ?? [])));
}

/** The state has a server that the cloud does not have. */
function isWithoutOurServer(cloud: string[], state: Resource[]): boolean {
  const ours = state.filter(({ type }) => type === SERVER).flatMap(({ inputs }) => inputs?.name ?? []);
  return ours.some((name) => !cloud.includes(name));
}

// npm run clean: removes everything that the project has put on this machine.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArguments } from "./lib/arguments";
import { runDevcloud } from "./lib/devcloud";
import { runMain, UserError } from "./lib/errors";
import { listenForInterruption } from "./lib/interruption";
import { takeLock } from "./lib/lock";
import { BACKEND, CACHE, ROOT, STATE } from "./lib/paths";
import { DEV, PROJECT } from "./lib/stack";

const USAGE = `Usage: npm run clean -- [--caches] [--force]

Removes the dev cloud with all its servers and content, its network, and .state/ with the state of the stack dev.
  --caches  also removes .cache/ (dev cloud image, toolchain, sample content): the next npm run up begins from nothing
  --force   also if .state/pulumi holds the state of other stacks, which would then be lost`;

/** Stacks besides dev whose only state lies in our backend folder. */
function otherStacks(): string[] {
  const folder = join(BACKEND, ".pulumi", "stacks", PROJECT);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map((file) => /^([^.]+)\.json(\.gz)?$/.exec(file)?.[1]);
  return names.filter((name) => name !== undefined && name !== DEV) as string[];
}

/** Removes a folder, unless something is still mounted in it: then its content belongs to somebody else. */
function remove(folder: string): void {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((target) => target === folder || target.startsWith(`${folder}/`));
  if (mounts.length > 0) {
    throw new UserError(`${mounts[0]} is still mounted: unmount it (umount ${mounts[0]}) and run npm run clean again.`);
  }
  if (!existsSync(folder)) return;
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`Removed ${relative(ROOT, folder)}/\n`);
}

runMain(async () => {
  const { values } = parseArguments(USAGE, { caches: { type: "boolean" }, force: { type: "boolean" } });
  const others = otherStacks();
  if (others.length > 0 && !values.force) {
    throw new UserError(
      `.state/pulumi also holds the state of ${others.join(", ")}: move it to another backend (pulumi stack export/import), or use --force.`,
    );
  }
  listenForInterruption();
  await takeLock("npm run clean");
  await runDevcloud(["clean", ...(values.caches ? ["--caches"] : [])]);
  remove(STATE);
  if (values.caches) remove(CACHE);
  return 0;
});

import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { Home } from "./home";
import type { Progress } from "./progress";
import { run } from "./run";
import { compareVersions, MINIMUM_PULUMI_VERSION } from "./versions";

/** How long an installed CLI may take to tell its version, in milliseconds. */
const VERSION_MS = 15_000;

/** The user's own PULUMI_HOME. */
export function userHome(env: NodeJS.ProcessEnv): string {
  return env.PULUMI_HOME || path.join(env.HOME || homedir(), ".pulumi");
}

/**
 * Finds a usable Pulumi CLI that the user installed: on PATH, else where Pulumi's own installer puts it. One that is too
 * old, too new or doesn't run is passed over with a line that says so.
 *
 * @returns its absolute path, or `undefined`
 */
export async function findInstalled(
  env: NodeJS.ProcessEnv,
  home: Home,
  progress: Progress,
): Promise<string | undefined> {
  const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const seen = new Set<string>();
  for (const folder of [...folders, path.join(userHome(env), "bin")]) {
    const pulumi = path.join(folder, "pulumi");
    if (folder === home.bin || !(await isExecutable(pulumi))) continue;
    const real = await realpath(pulumi);
    if (seen.has(real)) continue;
    seen.add(real);
    const version = await versionOf(pulumi, env);
    if (isUsable(version)) return pulumi;
    progress(`passing over ${pulumi}: ${version ? `version ${version}` : "it doesn't run"}, needed is ${needed()}`);
  }
  return undefined;
}

function needed(): string {
  return `${MINIMUM_PULUMI_VERSION} or a newer 3.x`;
}

function isUsable(version: string | undefined): boolean {
  return (
    version !== undefined && compareVersions(version, MINIMUM_PULUMI_VERSION) >= 0 && compareVersions(version, "4") < 0
  );
}

async function versionOf(pulumi: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { status, stdout } = await run(pulumi, ["version"], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: VERSION_MS,
  });
  return status === 0 ? /^v?(\d+\.\d+\.\d+)/.exec(stdout.trim())?.[1] : undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

import { existsSync } from "node:fs";
import path from "node:path";
import { buildCli, buildPlugins, hasBuiltPlugins, isCliBuilt } from "./build";
import { downloadCli, fetchChecksums, isCliDownloaded, RELEASES, Unavailable } from "./download";
import { Home, pluginPath } from "./home";
import { findInstalled, userHome } from "./installed";
import { type Progress, withHeartbeat } from "./progress";
import { run } from "./run";
import { PLUGINS, type Plugin } from "./versions";

/** A Pulumi CLI that is ready for this project: language host and both plugins are at hand. */
export interface Toolchain {
  /** Absolute path of the CLI. */
  pulumi: string;
  /** What to add to the environment of each call of the CLI. */
  env: Record<string, string>;
  /** Where the CLI comes from. */
  origin: "installed" | "downloaded" | "built";
}

/** What tests replace. */
export interface EnsureOptions {
  /** @default process.env */
  env?: NodeJS.ProcessEnv;
  /** Where the official releases are. @default {@link RELEASES} */
  releases?: string;
}

/** How long the CLI may take to download its plugins, in milliseconds. */
const PLUGIN_DOWNLOAD_MS = 10 * 60_000;

/**
 * Finds the Pulumi CLI and its plugins, or gets them: an installed CLI with the official plugins, else the official
 * download, else a build from the Go module proxy. What is downloaded or built stays in `.cache/toolchain/home`; the
 * user's own `~/.pulumi` is only touched by the user's own CLI, which keeps its plugins there.
 *
 * @param progress - gets a line for everything that takes more than a few seconds
 * @throws Error with one message to show: what is missing and what to do
 */
export async function ensureToolchain(progress: Progress, options: EnsureOptions = {}): Promise<Toolchain> {
  const { env = process.env, releases = RELEASES } = options;
  const home = new Home(env);
  const installed = await findInstalled(env, home, progress);
  if (installed) {
    const official = await hasOfficialPlugins(installed, userHome(env), home, env, releases, progress);
    if (official) return installedToolchain(installed);
    await buildPlugins(home, installed, env, progress);
    await home.keepLogsOut();
    return installedWithBuiltPlugins(installed, home, env);
  }
  const origin = await ensureOwnCli(home, env, releases, progress);
  const official =
    origin === "downloaded" && (await hasOfficialPlugins(home.pulumi, home.dir, home, env, releases, progress));
  if (!official) await buildPlugins(home, home.pulumi, env, progress);
  await home.keepLogsOut();
  return ownToolchain(home, env, origin);
}

/**
 * Gives the toolchain that is there, up to date or not, in less than a second: for commands that only look or clean up.
 *
 * @returns `undefined` if {@link ensureToolchain} would have to download or build something first
 */
export async function findToolchain(options: EnsureOptions = {}): Promise<Toolchain | undefined> {
  const { env = process.env } = options;
  const home = new Home(env);
  const installed = await findInstalled(env, home, () => {});
  if (installed && missingPlugins(userHome(env)).length === 0) return installedToolchain(installed);
  if (missingPlugins(home.dir).length > 0) return undefined;
  if (installed) return installedWithBuiltPlugins(installed, home, env);
  if (isCliDownloaded(home)) return ownToolchain(home, env, "downloaded");
  return home.origin("bin/pulumi") ? ownToolchain(home, env, "built") : undefined;
}

function installedToolchain(pulumi: string): Toolchain {
  return { pulumi, env: {}, origin: "installed" };
}

function installedWithBuiltPlugins(pulumi: string, home: Home, env: NodeJS.ProcessEnv): Toolchain {
  // With another PULUMI_HOME the CLI would no longer know where the user is logged in.
  const credentials = env.PULUMI_CREDENTIALS_PATH || userHome(env);
  return { pulumi, env: { ...homeEnv(home), PULUMI_CREDENTIALS_PATH: credentials }, origin: "installed" };
}

function ownToolchain(home: Home, env: NodeJS.ProcessEnv, origin: "downloaded" | "built"): Toolchain {
  const searchPath = [home.bin, env.PATH].filter(Boolean).join(path.delimiter);
  return { pulumi: home.pulumi, env: { ...homeEnv(home), PATH: searchPath }, origin };
}

function homeEnv(home: Home): Record<string, string> {
  return {
    PULUMI_HOME: home.dir,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Plugins of another installation on PATH would go before ours.
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
  };
}

function missingPlugins(pulumiHome: string): Plugin[] {
  return PLUGINS.filter((plugin) => !existsSync(path.join(pulumiHome, pluginPath(plugin))));
}

/** Downloads or builds CLI and language host, unless the home has them. */
async function ensureOwnCli(
  home: Home,
  env: NodeJS.ProcessEnv,
  releases: string,
  progress: Progress,
): Promise<"downloaded" | "built"> {
  if (isCliDownloaded(home)) return "downloaded";
  if (isCliBuilt(home)) return "built";
  try {
    await downloadCli(home, releases, progress);
    return "downloaded";
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    progress(`no official Pulumi to download (${error.message}): building it from source`);
  }
  await buildCli(home, env, progress);
  return "built";
}

/**
 * Sees that the CLI has the official plugins in its PULUMI_HOME, by its own means.
 *
 * @returns false if they can't be had, or built ones are in use
 */
async function hasOfficialPlugins(
  pulumi: string,
  pulumiHome: string,
  home: Home,
  env: NodeJS.ProcessEnv,
  releases: string,
  progress: Progress,
): Promise<boolean> {
  const built = hasBuiltPlugins(home); // once they were built, that stays so: nothing is asked of the network again
  const missing = missingPlugins(pulumiHome);
  if (missing.length === 0 && !(built && pulumiHome === home.dir)) return true;
  if (built) return false;
  try {
    await fetchChecksums(releases);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    progress(`no official Pulumi plugins to download (${error.message}): building them from source`);
    return false;
  }
  for (const plugin of missing) {
    const what = `downloading the ${plugin.name} plugin ${plugin.version}`;
    const args = ["plugin", "install", "resource", plugin.name, `v${plugin.version}`];
    const { status } = await withHeartbeat(progress, what, () =>
      run(pulumi, args, { env: { ...env, PULUMI_HOME: pulumiHome }, timeoutMs: PLUGIN_DOWNLOAD_MS }),
    );
    if (status !== 0) {
      progress(`the ${plugin.name} plugin can't be downloaded: building the plugins from source`);
      return false;
    }
  }
  return true;
}

import { readdirSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fingerprintOf } from "./fingerprint.cjs";
import { goEnvironment, requireGo } from "./go";
import { type Home, pluginPath, TOOLCHAIN_DIR } from "./home";
import { type Progress, withHeartbeat } from "./progress";
import { run, tail } from "./run";
import { PLUGINS, type Plugin, PULUMI_VERSION } from "./versions";

/** A program that is built from the Go module proxy. */
interface Recipe {
  /** Its name in words. */
  title: string;
  /** How long a first build takes, in words. */
  takes: string;
  /** The folder of its go.mod, relative to this one. */
  module: string;
  /** The Go package of its main function. */
  goPackage: string;
  /** What it is made of, relative to `module`: files, and folders with all they hold. */
  sources: string[];
}

const GO_MODULE = ["go.mod", "go.sum"];

const CLI: Recipe = {
  title: "the Pulumi CLI",
  takes: "about 5 min on 2 cores",
  module: ".",
  goPackage: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  sources: GO_MODULE,
};

const LANGUAGE_HOST: Recipe = {
  title: "Pulumi's language host for Node",
  takes: "about 30 s",
  module: "language-nodejs",
  goPackage: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  sources: GO_MODULE,
};

const PLUGIN_RECIPES: Record<Plugin["name"], Recipe> = {
  openstack: {
    title: "the openstack plugin",
    takes: "about 1 min",
    module: "pulumi-resource-openstack",
    goPackage: ".",
    sources: [...GO_MODULE, "main.go", "schema.json", "info"],
  },
  command: {
    title: "the command plugin",
    takes: "about 30 s",
    module: ".", // shares the CLI's packages: built after it, it costs seconds
    goPackage: "./pulumi-resource-command",
    sources: [...GO_MODULE, "pulumi-resource-command"],
  },
};

/** `-s -w` leave the debugging tables out; without a version the CLI refuses to work with the Automation API. */
const LDFLAGS = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI_VERSION}`;
const BUILD = ["build", "-trimpath", "-buildvcs=false", "-ldflags", LDFLAGS];

/** Fingerprint of all that a program is made from. */
function fingerprint({ goPackage, module, sources }: Recipe): string {
  const files = sources.flatMap((source) => {
    const at = path.join(module, source);
    if (path.extname(source)) return [at];
    const listed = readdirSync(path.join(TOOLCHAIN_DIR, at)).sort();
    return listed
      .filter((file) => file.endsWith(".go") && !file.endsWith("_test.go"))
      .map((file) => path.join(at, file));
  });
  return `built ${fingerprintOf(TOOLCHAIN_DIR, files, JSON.stringify([BUILD, goPackage]))}`;
}

const CLI_TOOLS: [tool: string, recipe: Recipe][] = [
  ["bin/pulumi", CLI],
  ["libexec/pulumi-language-nodejs", LANGUAGE_HOST],
];

/** What the CLI starts as language host; it starts the built one with the options of Pulumi.yaml. */
const LAUNCHER = { tool: "bin/pulumi-language-nodejs", source: "language-nodejs/pulumi-language-nodejs" };
const launcherOrigin = () => `copied ${fingerprintOf(TOOLCHAIN_DIR, [LAUNCHER.source])}`;

/** Whether CLI and language host in the home are built ones and up to date. */
export function isCliBuilt(home: Home): boolean {
  const areBuilt = CLI_TOOLS.every(([tool, recipe]) => home.origin(tool) === fingerprint(recipe));
  return areBuilt && home.origin(LAUNCHER.tool) === launcherOrigin();
}

/** Whether plugins were built into the home, up to date or not. */
export function hasBuiltPlugins(home: Home): boolean {
  return PLUGINS.some((plugin) => home.origin(pluginPath(plugin)) !== undefined);
}

/**
 * Builds the CLI and the language host into the home; what is up to date stays.
 *
 * @throws Error if there is no suitable Go, or the build fails
 */
export async function buildCli(home: Home, env: NodeJS.ProcessEnv, progress: Progress): Promise<void> {
  for (const [tool, recipe] of CLI_TOOLS) {
    const origin = fingerprint(recipe);
    if (home.origin(tool) === origin) continue;
    await putInPlace(home, tool, await build(home, tool, recipe, env, progress), origin);
  }
  const launcher = path.join(home.dir, `${path.basename(LAUNCHER.tool)}.${process.pid}.partial`);
  await copyFile(path.join(TOOLCHAIN_DIR, LAUNCHER.source), launcher);
  await putInPlace(home, LAUNCHER.tool, launcher, launcherOrigin());
}

/** Moves a program to its place. */
async function putInPlace(home: Home, tool: string, program: string, origin: string): Promise<void> {
  const place = path.join(home.dir, tool);
  await mkdir(path.dirname(place), { recursive: true });
  await rename(program, place);
  await home.enter(tool, origin);
}

/**
 * Builds the plugins and has the CLI install them into the home; what is up to date stays.
 *
 * @throws Error if there is no suitable Go, or the build fails
 */
export async function buildPlugins(
  home: Home,
  pulumi: string,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  for (const plugin of PLUGINS) {
    const tool = pluginPath(plugin);
    const recipe = PLUGIN_RECIPES[plugin.name];
    const origin = fingerprint(recipe);
    if (home.origin(tool) === origin) continue;
    const program = await build(home, tool, recipe, env, progress);
    const install = ["plugin", "install", "resource", plugin.name, `v${plugin.version}`, "--reinstall", "--file"];
    const installed = await run(pulumi, [...install, program], { env: { ...env, PULUMI_HOME: home.dir } });
    await rm(program, { force: true });
    if (installed.status !== 0) throw new Error(`installing ${recipe.title} failed:\n${tail(installed.stderr)}`);
    await home.enter(tool, origin);
  }
}

/** Builds one program to a temporary name in the home and returns that. */
async function build(
  home: Home,
  tool: string,
  recipe: Recipe,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<string> {
  await requireGo(env);
  await mkdir(home.dir, { recursive: true });
  await removeAbandoned(home);
  const output = path.join(home.dir, `${path.basename(tool)}.${process.pid}.partial`);
  const what = `building ${recipe.title} (${recipe.takes})`;
  const built = await withHeartbeat(progress, what, (detail) => {
    let packages = 0;
    return run("go", [...BUILD, "-v", "-o", output, recipe.goPackage], {
      cwd: path.join(TOOLCHAIN_DIR, recipe.module),
      env: goEnvironment(env),
      onStderr: (text) => {
        packages += text.split("\n").filter((line) => line && !line.startsWith("go: ")).length;
        detail(packages ? `${packages} packages compiled` : "downloading sources");
      },
    });
  });
  if (built.status !== 0) {
    await rm(output, { force: true });
    throw new Error(`building ${recipe.title} failed (run it again to go on where it stopped):\n${tail(built.stderr)}`);
  }
  return output;
}

/** Removes what builds left that were killed; those of running processes stay. */
async function removeAbandoned(home: Home): Promise<void> {
  for (const name of await readdir(home.dir)) {
    const pid = /\.(\d+)\.partial$/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) await rm(path.join(home.dir, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

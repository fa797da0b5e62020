// npm run up: from an empty machine to the courses in the browser. Each part finds what an earlier run has done already, so it can
// simply be run again, whatever ended it.
import { join, relative } from "node:path";
import type { Toolchain } from "../toolchain/ensure";
import { parseArguments, usageError } from "./lib/arguments";
import { chooseContentMount, type Driver, whyUnreachable } from "./lib/contentMount";
import { requireDevcloudHost, runDevcloud } from "./lib/devcloud";
import { DEV_ROOTS, devDomain } from "./lib/devNames";
import { prepareDevStack } from "./lib/devStack";
import { runMain, UserError } from "./lib/errors";
import { installPrograms } from "./lib/hostPackages";
import { listenForInterruption } from "./lib/interruption";
import { takeLock } from "./lib/lock";
import { recordedFacts, recordFacts } from "./lib/machineFacts";
import { ROOT } from "./lib/paths";
import { Lane } from "./lib/progress";
import { run } from "./lib/run";
import { provideSamples } from "./lib/sampleContent";
import { waitForSite } from "./lib/site";
import { DEV, makeDevBackend, Stack, type StackOutputs } from "./lib/stack";
import { loadStackConfig } from "./lib/stackConfig";
import { Timings } from "./lib/timings";
import { readyToolchain } from "./lib/toolchain";
import { Underway } from "./lib/underway";

const USAGE = `Usage: npm run up -- [--driver cloudfuse|rclone] [--site http|https]

Makes everything: toolchain, dev cloud, the stack dev, sample content. Run it again after a failure or an interruption.
  --driver  FUSE driver of the web server. Default: cloudfuse where its repository can be reached (another one can be named
            in XWMOOC_CLOUDFUSE_REPOSITORY), else rclone; a choice once made stays.
  --site    http: by the server's address. https: by a domain, with DNS and certificate from the dev cloud, which only this
            machine knows. Default: http; a choice once made stays.`;

const timings = new Timings();

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, { driver: { type: "string" }, site: { type: "string" } });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  const driver = oneOf("driver", ["cloudfuse", "rclone"] as const, values.driver);
  const scheme = oneOf("site", ["http", "https"] as const, values.site);
  requireDevcloudHost();
  listenForInterruption();
  await takeLock("npm run up");
  try {
    const outputs = await up(driver, scheme);
    process.stdout.write(farewell(outputs, timings.record("succeeded")));
  } catch (error) {
    timings.record("failed");
    throw error;
  }
  return 0;
});

function oneOf<Value extends string>(
  option: string,
  allowed: readonly Value[],
  given: string | undefined,
): Value | undefined {
  const value = allowed.find((one) => one === given);
  if (given === undefined || value !== undefined) return value;
  throw usageError(`--${option} ${given} is unknown: give ${allowed.join(" or ")}.`, USAGE);
}

async function up(driver: Driver | undefined, scheme: "http" | "https" | undefined): Promise<StackOutputs> {
  const progress = lane("up");
  await installPrograms(progress);
  progress.end();

  const [toolchain] = await Promise.all([
    timings.measure("toolchain", makeToolchain),
    timings.measure("dev cloud", () => runDevcloud(["up"], lane("devcloud"))),
  ]);

  const recorded = recordedFacts();
  const choice = await chooseContentMount({
    driver,
    repository: process.env.XWMOOC_CLOUDFUSE_REPOSITORY,
    recorded: recorded.contentMount,
    unreachable: whyUnreachable,
  });
  const { contentMount, reason } = choice;
  const hasDomain = (scheme ?? (recorded.webServer ? "https" : "http")) === "https";
  recordFacts({ contentMount, ...(hasDomain && (await devDomain())) }, `${contentMount.driver}: ${reason}.`);
  progress.line(`FUSE driver: ${contentMount.driver} (${reason})`);
  progress.end();

  const stack = await devStack(toolchain);
  const config = await loadStackConfig(stack);
  // The containers are there long before the web server: their content comes meanwhile, and a failure of that is told after.
  const content = timings.measure("content", () => provideSamples(config, lane("content")));
  content.catch(() => undefined);
  await timings.measure("pulumi up", () => pulumiUp(stack));
  const files = await content;

  const outputs = await stack.outputs();
  if (!outputs) throw new UserError("pulumi up ended without a web server. Run `npm run up` again.");
  await timings.measure("publication", () => waitForSite(outputs, files, lane("site")));
  return outputs;
}

/** In a process of its own, whose builds can be stopped with it. */
async function makeToolchain(): Promise<Toolchain> {
  const progress = lane("toolchain");
  try {
    await run(process.execPath, ["--import", "tsx", join(ROOT, "toolchain", "main.ts")], {
      cwd: ROOT,
      onLine: (line) => progress.line(line),
      failure: "The toolchain could not be made (above). Run `npm run up` again to go on where it stopped.",
    });
  } finally {
    progress.end();
  }
  return await readyToolchain();
}

/** The stack dev, ready for an update. */
async function devStack(toolchain: Toolchain): Promise<Stack> {
  const progress = lane("pulumi");
  try {
    makeDevBackend();
    const stack = new Stack(DEV, toolchain);
    await prepareDevStack(stack, (line) => progress.line(line));
    return stack;
  } finally {
    progress.end();
  }
}

async function pulumiUp(stack: Stack): Promise<void> {
  const progress = lane("pulumi");
  const underway = new Underway();
  try {
    progress.line("updating the stack dev (about 4 min the first time)");
    await stack.pulumi(["up", "--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress"], {
      onLine: (line) => {
        underway.take(line);
        progress.line(line, () => underway.text ?? line);
      },
      failure: "pulumi up failed (above). When its reason is mended, run `npm run up` again to go on where it stopped.",
    });
  } finally {
    progress.end();
  }
}

function lane(name: string): Lane {
  return new Lane(name, timings.startedAt);
}

function farewell({ siteUrl, address, courseUrls, uploadUrls = [] }: StackOutputs, took: string): string {
  const uploads = uploadUrls.length === 0 ? "" : `Uploads: ${uploadUrls.join("  ")} (see Pulumi.dev.yaml)\n`;
  const courses = Object.entries(courseUrls).map(([name, url]) => `  ${name.padEnd(12)} ${url}`);
  return `
The site is up: ${siteUrl}
${courses.join("\n")}
${noteOn(new URL(siteUrl), address)}
${uploads}
Next:
  npm run status                              the dev cloud, the stack, each course
  npm run upload -- py4inf FOLDER             publish a folder
  npm run pulumi -- preview --stack dev       Pulumi, as in any project
  npm run ssh                                 a shell on the web server
  npm run down                                stop the dev cloud; its state is kept

It took ${took}.
`;
}

/** What is to know about how the site is served here. */
function noteOn({ protocol, hostname }: URL, address: string): string {
  if (protocol === "http:") {
    return "It has no domain, so it is served by HTTP. By HTTPS, with DNS and certificate from the dev cloud: npm run up -- --site https";
  }
  return `Only the dev cloud knows ${hostname} and signs for it. For a browser on this machine: the line "${address} ${hostname}"
in /etc/hosts, and the authority in ${relative(process.cwd(), DEV_ROOTS)}.`;
}

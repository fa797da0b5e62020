// npm run new-region -- NAME: the stack file of a new region, by questions or by options.
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { setSecretCommand } from "../config/parse";
import { stackFile } from "../config/stackFile";
import { parseArguments, usageError } from "./lib/arguments";
import { runMain, UserError } from "./lib/errors";
import { ROOT } from "./lib/paths";
import { regionAnswers } from "./lib/regionAnswers";
import { alreadyThere, coursesOf, problemsOf, regionText, stacksWithFile, writeRegion } from "./lib/regionFile";
import { QUESTIONS, secretPaths } from "./lib/regionQuestions";
import { CommandError } from "./lib/run";
import { DEV, type Stack } from "./lib/stack";
import { openTerminal, type Terminal } from "./lib/terminal";
import { stackNamed } from "./lib/toolchain";

const OPTIONS = [...new Set(QUESTIONS.map(({ option }) => option))];
const WIDTH = Math.max(...OPTIONS.map((option) => option.length));

const USAGE = `Usage: npm run new-region -- NAME [OPTION]…

Writes Pulumi.NAME.yaml. At a terminal it asks for what no option says; elsewhere that takes its default. No secret is written
to the file: the commands that set them are printed at the end.
  --copy-courses-from STACK  the courses are those of that stack (default: the first other one)
  --set-secrets              creates the stack and sets its secrets: asks for them, or reads them from standard input, one a line,
                             in the order of the commands
  --overwrite                replaces the file that is there; it is kept as Pulumi.NAME.yaml.old
${OPTIONS.map((option) => `  --${option.padEnd(WIDTH)}  ${QUESTIONS.find((one) => one.option === option)?.text}`).join("\n")}`;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    "copy-courses-from": { type: "string" },
    "set-secrets": { type: "boolean", default: false },
    overwrite: { type: "boolean", default: false },
    ...Object.fromEntries(OPTIONS.map((option) => [option, { type: "string" } as const])),
  });
  const [region, ...more] = positionals;
  if (region === undefined) throw usageError("NAME is needed.", USAGE);
  if (more.length > 0) throw usageError(`"${more[0]}" is too much.`, USAGE);
  if (region === DEV)
    throw new UserError("The stack dev is the one of the dev cloud: give the region another name.", 2);
  const nameProblem = problemsOf(region, {}, []).find((problem) => problem.startsWith("xwmooc:region "));
  if (nameProblem) throw new UserError(`NAME ${nameProblem.replace("xwmooc:region ", "")}; it is "${region}".`, 2);
  if (existsSync(stackFile(ROOT, region)) && !values.overwrite) throw new UserError(alreadyThere(region));

  const given = Object.fromEntries(
    OPTIONS.map((option) => [option, (values as Record<string, unknown>)[option] as string | undefined]),
  );
  const stack = values["set-secrets"] ? await stackNamed(region) : undefined;
  stack?.requireLogin();
  const [suggested = DEV] = stacksWithFile(ROOT).filter((stack) => stack !== region);
  const terminal = openTerminal();
  try {
    const source =
      values["copy-courses-from"] ??
      ((await terminal?.ask(`Stack whose courses are copied\n  [${suggested}]> `))?.trim() || suggested);
    const courses = coursesOf(ROOT, source);
    const answers = await regionAnswers({
      given,
      problemsOf: (some) => problemsOf(region, some, courses),
      ask: terminal?.ask,
    });
    const problems = problemsOf(region, answers, courses);
    if (problems.length > 0) throw new UserError(["Nothing was written:", ...problems].join("\n  - "));
    const paths = secretPaths(answers);
    const secrets = stack ? await (terminal ? askSecrets(paths, terminal) : readSecrets(paths)) : [];
    const before = writeRegion(ROOT, region, regionText(region, answers, courses), values.overwrite);
    process.stdout.write(`\nPulumi.${region}.yaml is written, with the courses of stack ${source}.\n`);
    if (before) process.stdout.write(`The one of before is ${before}.\n`);
    if (stack) await setSecrets(stack, paths, secrets);
    process.stdout.write(nextSteps(region, stack ? [] : paths));
    return 0;
  } finally {
    terminal?.close();
  }
});

function nextSteps(region: string, paths: string[]): string {
  return [
    "Next:",
    ...(paths.length > 0 ? [`npm run pulumi -- stack init ${region}`] : []),
    ...paths.map((path) => setSecretCommand(region, path)),
    `npm run pulumi -- preview --stack ${region}`,
    `npm run pulumi -- up --stack ${region}\n`,
  ].join("\n  ");
}

/** Creates the stack, if it is not there, and hands each secret to Pulumi by standard input. */
async function setSecrets(stack: Stack, paths: string[], secrets: string[]): Promise<void> {
  try {
    await stack.pulumi(["stack", "init"]);
  } catch (error) {
    if (!(error instanceof CommandError && /already exists/.test(error.tail))) throw error;
  }
  for (const [index, path] of paths.entries())
    await stack.pulumi(["config", "set", "--secret", "--path", `xwmooc:${path}`], { input: secrets[index] ?? "" });
  process.stdout.write(`${paths.length} secrets are set.\n`);
}

async function askSecrets(paths: string[], terminal: Terminal): Promise<string[]> {
  const secrets: string[] = [];
  for (const path of paths) {
    let secret = "";
    while (secret === "") secret = await terminal.askSecret(`Value of ${path} (does not show): `);
    secrets.push(secret);
  }
  return secrets;
}

async function readSecrets(paths: string[]): Promise<string[]> {
  const secrets: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) if (line !== "") secrets.push(line);
  const given = secrets.length;
  if (given !== paths.length)
    throw new UserError(`Standard input must have ${paths.length} lines, ${paths.join(" and ")}; it has ${given}.`);
  return secrets;
}

import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { ConfigError, NAMESPACE, parseConfig, setSecretCommand } from "../../config/parse";
import { readStackFile, stackFile } from "../../config/stackFile";
import { UserError } from "./errors";
import { type Answers, QUESTIONS, secretPaths } from "./regionQuestions";

/** The configuration of a stack by full key, as its file has it. */
type Config = Record<string, unknown>;

/** The stacks that have a file, those of regions first. */
export function stacksWithFile(folder: string): string[] {
  const stacks = readdirSync(folder).flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? []);
  return stacks.sort((a, b) => Number(a === "dev") - Number(b === "dev") || (a < b ? -1 : 1));
}

/** The courses of a stack as its file has them. @throws UserError naming the stacks there are, or what is wrong with the file */
export function coursesOf(folder: string, stack: string): unknown {
  const there = stacksWithFile(folder);
  if (!there.includes(stack))
    throw new UserError(`There is no stack "${stack}" to copy courses from. There are: ${there.join(", ")}.`);
  const file = stackFile(folder, stack);
  try {
    return readStackFile(file)[`${NAMESPACE}courses`];
  } catch (error) {
    throw new UserError(`${file} can't be read: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** The configuration that answers and courses make; without its secrets. */
export function configOf(region: string, answers: Answers, courses: unknown): Config {
  const config: Record<string, unknown> = { region };
  for (const { key, list } of QUESTIONS) {
    const answer = answers[key];
    if (answer !== undefined) put(config, key, list ? answer.split(/[\s,]+/).filter(Boolean) : answer);
  }
  // cloudfuse knows the old way to sign in alone.
  if (answers["objectStore.authType"] !== "v1password") config.contentMount = { driver: "rclone" };
  config.courses = courses;
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [NAMESPACE + key, value]));
}

function put(config: Record<string, unknown>, path: string, value: unknown): void {
  const [key = "", ...inner] = path.split(".");
  if (inner.length === 0) {
    config[key] = value;
    return;
  }
  config[key] ??= {};
  put(config[key] as Record<string, unknown>, inner.join("."), value);
}

/** What the schema has against it, as if the secrets were there. */
export function problemsOf(region: string, answers: Answers, courses: unknown): string[] {
  const complete = configOf(region, answers, courses);
  for (const path of secretPaths(answers)) put(complete, NAMESPACE + path, "-");
  const values = Object.entries(complete)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  try {
    parseConfig({ stack: region, values: Object.fromEntries(values), isSecret: () => true });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The file's text. */
export function regionText(region: string, answers: Answers, courses: unknown): string {
  return [
    `# Stack \`${region}\`, written by \`npm run new-region\`. Its secrets are set by`,
    ...secretPaths(answers).map((path) => `#   ${setSecretCommand(region, path)}`),
    "# Keys: docs/configuration.md.",
    stringify({ config: configOf(region, answers, courses) }, { lineWidth: 0 }),
  ].join("\n");
}

/**
 * Writes the file of a region. One that is there is only replaced if that is allowed, and kept beside it.
 * @returns where the file of before is now; undefined if there was none
 * @throws UserError when there is one that may not be replaced
 */
export function writeRegion(folder: string, region: string, text: string, overwrite: boolean): string | undefined {
  const file = stackFile(folder, region);
  const before = existsSync(file) ? `${file}.old` : undefined;
  if (before !== undefined && !overwrite) throw new UserError(alreadyThere(region));
  if (before !== undefined && existsSync(before))
    throw new UserError(
      `${before} is there already, from another --overwrite: move it away first. Nothing was written.`,
    );
  if (before !== undefined) renameSync(file, before);
  writeFileSync(file, text, { flag: "wx" });
  return before;
}

/** That a region's file is there, and what can be done about it. */
export function alreadyThere(region: string): string {
  return `Pulumi.${region}.yaml is there already: change it by hand, or replace it with --overwrite (it is kept as Pulumi.${region}.yaml.old).`;
}

import { type ParseArgsConfig, parseArgs } from "node:util";
import { UserError } from "./errors";

/** Exit code for a command line that can't be understood, as in most Unix tools. */
const USAGE_ERROR = 2;

/** Prints the usage text and ends the process. */
export function showUsage(usage: string): never {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

/** The command line does not fit; carries the usage text. */
export function usageError(problem: string, usage: string): UserError {
  return new UserError(`${problem}\n\n${usage}`, USAGE_ERROR);
}

/**
 * Parses a command line with node's own parser; `--help` prints the usage text and ends the process.
 * @throws UserError naming the argument that does not fit, followed by the usage text.
 */
export function parseArguments<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  usage: string,
  options: Options,
  args: string[] = process.argv.slice(2),
) {
  const parsed = parse(usage, options, args);
  if ((parsed.values as { help?: boolean }).help) showUsage(usage);
  return parsed;
}

function parse<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  usage: string,
  options: Options,
  args: string[],
) {
  try {
    return parseArgs({ args, options: { ...options, help: { type: "boolean", short: "h" } }, allowPositionals: true });
  } catch (error) {
    // Node's message explains the escape with "--", which nobody needs here.
    throw usageError((error as Error).message.split(". ")[0] ?? "", usage);
  }
}

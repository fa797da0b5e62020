// npm run ssh -- [--stack STACK] [COMMAND…]: a shell, or one command, on a stack's web server.
import { showUsage, usageError } from "./lib/arguments";
import { runMain, UserError } from "./lib/errors";
import { runInForeground } from "./lib/run";
import { withSshLogin } from "./lib/ssh";
import { DEV } from "./lib/stack";
import { stackNamed } from "./lib/toolchain";

const USAGE = `Usage: npm run ssh -- [--stack STACK] [COMMAND…]

Opens a shell on the web server of a stack (default: dev), or runs one command there:
  npm run ssh -- sudo site-publisher status`;

/** Our own options come before the command; everything from its first word on belongs to the command. */
function parseCommandLine([first, second, ...rest]: string[]): { stack: string; command: string[] } {
  if (first === "--help" || first === "-h") showUsage(USAGE);
  const joined = /^--stack=(.+)$/.exec(first ?? "")?.[1];
  if (joined) return { stack: joined, command: second === undefined ? [] : [second, ...rest] };
  if (first === "--stack" && second !== undefined) return { stack: second, command: rest };
  if (first?.startsWith("-")) throw usageError(`Unknown option ${first}.`, USAGE);
  return { stack: DEV, command: [first, second, ...rest].filter((word) => word !== undefined) };
}

runMain(async () => {
  const { stack: name, command } = parseCommandLine(process.argv.slice(2));
  const stack = await stackNamed(name);
  const outputs = await stack.outputs();
  if (!outputs)
    throw new UserError(`Stack ${name} has no web server yet: run \`npm run up\`, or \`pulumi up\` of ${name}.`);
  return await withSshLogin(outputs, (args) => runInForeground("ssh", [...args, ...command], {}));
});

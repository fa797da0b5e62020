// npm run ssh -- [--stack STACK] [COMMAND…]: a shell, or one command, on one of a stack's web servers.
import { showUsage, usageError } from "./lib/arguments";
import { runMain, UserError } from "./lib/errors";
import { runInForeground } from "./lib/run";
import { loginOf, withSshLogin } from "./lib/ssh";
import { DEV } from "./lib/stack";
import { stackNamed } from "./lib/toolchain";

const USAGE = `Usage: npm run ssh -- [--stack STACK] [--server N] [--forward PORT] [COMMAND…]

Opens a shell on the web server of a stack (default: dev), or runs one command there:
  npm run ssh -- sudo site-publisher status
  --server N      of several web servers that one (default: 1)
  --forward PORT  instead: what listens at the server's loopback, here at the same port, until Ctrl-C;
                  9150 has the status page at http://127.0.0.1:9150/, and the publisher's metrics`;

interface CommandLine {
  stack: string;
  /** Counted from 1. */
  server: number;
  /** Port to be forwarded. */
  forward?: number;
  command: string[];
}

/** Our own options come before the command; everything from its first word on belongs to the command. */
function parseCommandLine(args: string[]): CommandLine {
  const line: CommandLine = { stack: DEV, server: 1, command: [] };
  let rest = args;
  while (rest[0]?.startsWith("-")) {
    const [option = "", joined] = rest[0].split(/=(.*)/);
    if (option === "--help" || option === "-h") showUsage(USAGE);
    const value = joined ?? rest[1];
    if (value === undefined || !["--stack", "--server", "--forward"].includes(option))
      throw usageError(`Unknown option ${rest[0]}.`, USAGE);
    rest = rest.slice(joined === undefined ? 2 : 1);
    if (option === "--stack") line.stack = value;
    else if (option === "--server")
      line.server = numberOf(option, value, Number.MAX_SAFE_INTEGER, "a number, 1 for the first");
    else line.forward = numberOf(option, value, 65_535, "a port, 1 to 65535");
  }
  if (line.forward !== undefined && rest.length > 0) throw usageError("--forward takes no command.", USAGE);
  return { ...line, command: rest };
}

function numberOf(option: string, text: string, most: number, what: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw usageError(`${option} must be ${what}; it is "${text}".`, USAGE);
  return number;
}

runMain(async () => {
  const { stack: name, server, forward, command } = parseCommandLine(process.argv.slice(2));
  const stack = await stackNamed(name);
  const outputs = await stack.outputs();
  if (!outputs)
    throw new UserError(`Stack ${name} has no web server yet: run \`npm run up\`, or \`pulumi up\` of ${name}.`);
  const login = loginOf(outputs, server);
  if (forward === undefined)
    return await withSshLogin(login, (args) => runInForeground("ssh", [...args, ...command], {}));
  const loopback = `127.0.0.1:${forward}`;
  process.stderr.write(`http://${loopback}/ leads to the web server, until Ctrl-C.\n`);
  const tunnel = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", `${loopback}:${loopback}`];
  return await withSshLogin(login, (args) => runInForeground("ssh", [...tunnel, ...args], {}));
});

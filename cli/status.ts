// npm run status: the dev cloud, the stack and each course; what can't be reached says so, the rest is shown all the same.
import { parseArguments, usageError } from "./lib/arguments";
import { runMain } from "./lib/errors";
import { listenForInterruption, pause } from "./lib/interruption";
import { DEV } from "./lib/stack";
import { collectReport } from "./lib/statusReport";
import { statusText } from "./lib/statusText";

const USAGE = `Usage: npm run status -- [--stack STACK] [--json | --watch]

Shows the dev cloud (for the stack dev), the stack and each course. Ends with 1 if something does not work.
  --stack STACK  the stack to look at (default: dev)
  --json         for programs
  --watch        again and again, until Ctrl-C`;

/** Seconds between two pictures of --watch. */
const WATCH_SECONDS = 5;
const CLEAR_SCREEN = "\x1b[H\x1b[2J\x1b[3J";

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    stack: { type: "string", default: DEV },
    json: { type: "boolean", default: false },
    watch: { type: "boolean", default: false },
  });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  if (values.json && values.watch) throw usageError("--json and --watch exclude each other.", USAGE);
  listenForInterruption();
  if (!values.json) process.stderr.write("Asking (a web server that is busy or away takes up to 90 s) ...\n");
  while (values.watch) {
    const text = statusText(await collectReport(values.stack));
    process.stdout.write(`${process.stdout.isTTY ? CLEAR_SCREEN : "\n"}${new Date().toLocaleTimeString()}\n${text}`);
    await pause(WATCH_SECONDS);
  }
  const report = await collectReport(values.stack);
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : statusText(report));
  return report.problems.length === 0 ? 0 : 1;
});

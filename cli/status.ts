// npm run status: the dev cloud, the stack and each course; what can't be reached says so, the rest is shown all the same.
import { parseArguments, usageError } from "./lib/arguments";
import { runMain } from "./lib/errors";
import { listenForInterruption } from "./lib/interruption";
import { DEV } from "./lib/stack";
import { collectReport } from "./lib/statusReport";
import { statusText } from "./lib/statusText";

const USAGE = `Usage: npm run status -- [--stack STACK] [--json]

Shows the dev cloud (for the stack dev), the stack and each course. Ends with 1 if something does not work.
  --stack STACK  the stack to look at (default: dev)
  --json         for programs`;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    stack: { type: "string", default: DEV },
    json: { type: "boolean", default: false },
  });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  listenForInterruption();
  if (!values.json) process.stderr.write("Asking (a web server that is busy or away takes up to 90 s) ...\n");
  const report = await collectReport(values.stack);
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : statusText(report));
  return report.problems.length === 0 ? 0 : 1;
});

// npm run ci:preview: what an update of the regions would do, in Markdown; in a workflow also where people read it.
import { appendFileSync } from "node:fs";
import { parseArguments, usageError } from "./lib/arguments";
import { runMain } from "./lib/errors";
import { GitHub } from "./lib/github";
import { listenForInterruption } from "./lib/interruption";
import { ROOT } from "./lib/paths";
import { isFailure, type Preview, preview } from "./lib/preview/preview";
import { failureReportOf } from "./lib/preview/report";
import { Lane } from "./lib/progress";
import { stacksWithFile } from "./lib/regionFile";
import { DEV } from "./lib/stack";
import { stackNamed } from "./lib/toolchain";

const USAGE = `Usage: npm run ci:preview -- [--stack STACK]... [--comment NUMBER | --drift [--issue]]

Prints what an update would do: what is replaced or deleted first, the cost, the rest. Fails where a preview fails.
  --stack STACK     may be given several times. Default: every region, that is every Pulumi.<stack>.yaml but dev
  --comment NUMBER  also writes it to that pull request on GitHub, one comment a stack, which is kept up to date
  --drift           also asks the clouds what is really there, and fails where an update would change something
  --issue           opens an issue on GitHub for drift, brings it up to date, and closes it when there is none any more`;

/** The check takes the program as it is on main, deployed or not. */
const DRIFT_NOTE = "\nWhat is merged and waits for the approval of its deployment counts as a difference, too.\n";

const progress = new Lane("preview", Date.now(), (text) => process.stderr.write(text));

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    stack: { type: "string", multiple: true },
    comment: { type: "string" },
    drift: { type: "boolean", default: false },
    issue: { type: "boolean", default: false },
  });
  const { stack: stacks = stacksWithFile(ROOT).filter((stack) => stack !== DEV), comment, drift, issue } = values;
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  if (comment !== undefined && !/^[1-9]\d*$/.test(comment)) {
    throw usageError(`--comment ${comment} is not the number of a pull request.`, USAGE);
  }
  if (comment !== undefined && drift) throw usageError("--comment and --drift exclude each other.", USAGE);
  if (issue && !drift) throw usageError("--issue needs --drift.", USAGE);
  listenForInterruption();
  const github = comment !== undefined || issue ? new GitHub() : undefined;
  let isFine = true;
  for (const name of stacks) {
    progress.line(`previewing ${name}`);
    const { report, succeeded, hasChanges } = await previewOf(name, drift);
    progress.end();
    isFine &&= succeeded && !(drift && hasChanges);
    process.stdout.write(`${report}\n`);
    const text = report + origin();
    if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, text);
    if (comment !== undefined) await github?.comment(Number(comment), `preview of ${name}`, text);
    const title = `Drift check of stack ${name}`;
    if (issue && succeeded && !hasChanges) await github?.closeIssue(title, "Stack and cloud agree again.");
    else if (issue) await github?.openIssue(title, report + DRIFT_NOTE + origin());
  }
  return isFine ? 0 : 1;
});

/** The preview of a stack. One that can't even begin has failed: what people read is not left as an earlier commit made it. */
async function previewOf(name: string, refresh: boolean): Promise<Preview> {
  try {
    return await preview(await stackNamed(name), { refresh });
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { report: failureReportOf(name, error.message), succeeded: false, hasChanges: false };
  }
}

/** The run of the workflow that a text comes from. */
function origin(env = process.env): string {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = env;
  return GITHUB_RUN_ID
    ? `\n[How it came about](${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID})\n`
    : "";
}

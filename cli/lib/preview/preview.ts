import { UserError } from "../errors";
import { Interrupted } from "../interruption";
import type { Stack } from "../stack";
import { readPriceBook } from "./cost";
import { changesOf, type Digest, stepsOf } from "./digest";
import { failureReportOf, reportOf } from "./report";

/** What a preview of a stack showed. */
export interface Preview {
  /** For people, in Markdown. */
  report: string;
  /** Whether all went well and all rules are kept. */
  succeeded: boolean;
  /** Whether an update would do something. */
  hasChanges: boolean;
}

/**
 * Previews a stack.
 * @param refresh Whether the clouds are asked what is really there.
 * @param prices Folder of the price books. Default: `prices/`.
 */
export async function preview(
  stack: Stack,
  { refresh = false, prices }: { refresh?: boolean; prices?: string } = {},
): Promise<Preview> {
  const name = stack.shortName;
  const args = ["preview", "--suppress-progress", ...(refresh ? ["--refresh"] : [])];
  let digest: Digest;
  try {
    digest = await stack.json<Digest>([...args, "--json", "--show-sames"]);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { report: failureReportOf(name, await outputOf(stack, args)), succeeded: false, hasChanges: false };
  }
  const problems = unretainedContainers(digest).map(
    (container) => `Container \`${container}\` would be deleted where it should be forgotten: give it retainOnDelete.`,
  );
  return {
    report: reportOf(name, digest, readPriceBook(digest.config?.["xwmooc:region"] ?? name, prices), problems),
    succeeded: problems.length === 0,
    hasChanges: changesOf(digest).length > 0,
  };
}

/** Whether a preview failed, rather than was stopped. */
export function isFailure(error: unknown): error is UserError {
  return error instanceof UserError && !(error instanceof Interrupted);
}

/** Runs it once more for people, as JSON says nothing of rules that are broken; without the list of what is well. */
async function outputOf(stack: Stack, args: string[]): Promise<string> {
  const lines: string[] = [];
  try {
    await stack.pulumi(args, { onLine: (line) => lines.push(line) });
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (lines.length === 0) lines.push(error.message);
  }
  const begin = lines.findIndex((line) => /^(Policies|Diagnostics):/.test(line));
  return lines.slice(Math.max(begin, 0)).join("\n").trim();
}

/** Containers that would be deleted rather than forgotten. Pulumi does not tell a policy pack of this. */
function unretainedContainers(digest: Digest): string[] {
  if (digest.config?.["xwmooc:deleteContent"] !== undefined) return [];
  return stepsOf(digest)
    .filter(({ op, newState }) => op !== "delete" && newState?.type === "openstack:objectstorage/container:Container")
    .filter(({ newState }) => (newState?.inputs?.metadata as { Role?: string } | undefined)?.Role !== "canary")
    .filter(({ newState }) => !newState?.retainOnDelete)
    .map(({ urn }) => urn.split("::").at(-1) ?? urn);
}

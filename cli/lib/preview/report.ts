import { estimate, type PriceBook } from "./cost";
import { type Change, changesOf, type Digest, resourcesOf, unchangedIn } from "./digest";
import { meaningOf } from "./meaning";

/** GitHub takes 65,536 characters; this leaves room for what encloses the text. */
const LONGEST_OUTPUT = 40_000;

/** The kinds in the order of their weight. */
const KINDS: Change["kind"][] = ["deleted", "replaced", "updated", "created"];

/**
 * The Markdown of a preview: what is lost first, then the cost, then the rest.
 * @param problems why it counts as failed all the same
 */
export function reportOf(stack: string, digest: Digest, book?: PriceBook, problems: string[] = []): string {
  const all = changesOf(digest);
  const changes = KINDS.flatMap((kind) => all.filter((change) => change.kind === kind));
  const isFelt = (change: Change) =>
    ["deleted", "replaced"].includes(change.kind) || meaningOf(change, digest) !== undefined;
  const rest = changes.filter((change) => !isFelt(change));
  return sections(
    `### \`${stack}\`: ${summaryOf(changes, unchangedIn(digest))}`,
    list(problems.map((problem) => `**${problem}**`)),
    list(changes.filter(isFelt).map((change) => `**${line(change)}** ${meaningOf(change, digest) ?? ""}`.trimEnd())),
    book && costOf(digest, book),
    rest.length > 0 && `<details><summary>${rest.length} more</summary>\n\n${list(rest.map(line))}\n\n</details>`,
  );
}

function summaryOf(changes: Change[], unchanged: number): string {
  if (changes.length === 0) return "no changes";
  const counts = KINDS.map((kind) => [changes.filter((change) => change.kind === kind).length, kind] as const);
  return [...counts.filter(([count]) => count > 0), [unchanged, "unchanged"]].map((pair) => pair.join(" ")).join(", ");
}

/** The Markdown of a preview that failed. @param output what Pulumi printed */
export function failureReportOf(stack: string, output: string): string {
  const fence = "`".repeat(1 + Math.max(2, ...(output.match(/`+/g) ?? []).map((ticks) => ticks.length)));
  return sections(`### \`${stack}\`: the preview failed`, `${fence}text\n${output.slice(-LONGEST_OUTPUT)}\n${fence}`);
}

function sections(...parts: (string | false | undefined)[]): string {
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function list(items: string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** For example: replaced Instance `tokyo2-web-server` (imageName). */
function line({ kind, type, name, why }: Change): string {
  const reasons = why.length > 0 ? ` (${why.join(", ")})` : "";
  return `${kind} ${type.split(":").at(-1)} \`${name}\`${reasons}`;
}

function costOf(digest: Digest, book: PriceBook): string {
  const { present, planned } = resourcesOf(digest);
  const [before, after] = [estimate(present, book), estimate(planned, book)];
  const amount = (value: number) => `${value.toFixed(2)} ${book.currency}`;
  const difference = after.total - before.total;
  const change =
    Math.abs(difference) < 0.005 ? "as now" : `${difference > 0 ? "+" : "−"}${amount(Math.abs(difference))}`;
  const names = [...new Set([...after.unpriced, ...before.unpriced])];
  const unpriced = names.length > 0 ? `; without ${names.join(", ")}, which have no price` : "";
  return `Estimated cost a month: **${amount(after.total)}** (${change})${unpriced}.`;
}

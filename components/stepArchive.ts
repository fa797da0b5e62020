import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";

/** Folder of the provisioning steps. */
const PROVISIONING = join(__dirname, "..", "provisioning");

/** One file of a step as it lands on the server. */
interface StepFile {
  name: string;
  content: string | Buffer;
  /** Mode bits. */
  mode: number;
}

/** What a step brings with it besides the files of its folder. */
export interface StepContent {
  /** Values for the scripts, as shell variables. */
  inputs?: Record<string, string>;
  /** Files made from the configuration, by name. */
  files?: Record<string, string>;
  /** Files with secrets, by name. */
  secretFiles?: Record<string, string>;
}

/** The files of a step: its folder without sources, `lib.sh`, `inputs`, and the generated ones. */
function stepFiles(step: string, content: StepContent): StepFile[] {
  const folder = join(PROVISIONING, step);
  const own = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".ts"))
    .map((entry) => ({ name: entry.name, content: readFileSync(join(folder, entry.name)), mode: 0o644 }));
  const generated = (files: Record<string, string> = {}, mode: number) =>
    Object.entries(files).map(([name, text]) => ({ name, content: text, mode }));
  return [
    ...own,
    { name: "lib.sh", content: readFileSync(join(PROVISIONING, "lib.sh")), mode: 0o644 },
    { name: "inputs", content: shellVariables(content.inputs ?? {}), mode: 0o644 },
    ...generated(content.files, 0o644),
    ...generated(content.secretFiles, 0o600),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Packs a step as a tar archive in base64. The same step gives the same bytes on every machine and at every time, so
 * that Pulumi sees a change only where there is one.
 */
export async function packStep(step: string, content: StepContent): Promise<string> {
  const tar = pack();
  for (const file of stepFiles(step, content))
    tar.entry({ name: file.name, mode: file.mode, mtime: new Date(0) }, file.content);
  tar.finalize();
  return (await buffer(tar)).toString("base64");
}

/**
 * The bash text that takes a packed step on standard input, unpacks it in private memory and runs scripts there.
 * @param scripts For example `bash ./install.sh && bash ./verify.sh` (/run is mounted noexec).
 */
export function unpackAndRun(scripts: string): string {
  return [
    "set -euo pipefail",
    "umask 077",
    "dir=$(mktemp -d /run/xwmooc-step.XXXXXX)",
    `trap 'rm -rf "$dir"' EXIT`,
    'cd "$dir"',
    "base64 -d | tar -x",
    scripts,
  ].join("\n");
}

/** A short digest of everything in a step that is not secret: tells in a preview whether it changed. */
export function stepDigest(step: string, content: StepContent): string {
  const hash = createHash("sha256");
  const { secretFiles: _, ...visible } = content;
  for (const file of stepFiles(step, visible)) hash.update(`${file.name}\0`).update(file.content).update("\0");
  return hash.digest("hex").slice(0, 12);
}

/** Lines that a POSIX shell reads as these variables, whatever the values hold. */
export function shellVariables(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join("");
}

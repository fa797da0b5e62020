import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import type { ContentMount } from "./contentMount";
import { STATE } from "./paths";

/** What `npm run up` knows of this machine: sections that overlay those of Pulumi.dev.yaml. */
export interface MachineFacts {
  contentMount?: ContentMount;
  /** Only where the site has the dev cloud's domain. */
  webServer?: { domain: string; certificate: { authority: string; trustedRoot: string } };
  dns?: { zone: string; create: boolean; email: string };
}

/** The file with the facts of this machine. */
export const MACHINE_FACTS = join(STATE, "dev.yaml");

/** What an earlier `npm run up` has written; nothing the first time, or when the file can't be read. */
export function recordedFacts(file = MACHINE_FACTS): MachineFacts {
  if (!existsSync(file)) return {};
  try {
    return (parse(readFileSync(file, "utf8")) as MachineFacts | null) ?? {};
  } catch {
    return {};
  }
}

/** Writes the facts, and why they are such; a file that says the same already stays untouched. */
export function recordFacts(facts: MachineFacts, reason: string, file = MACHINE_FACTS): void {
  if (JSON.stringify(recordedFacts(file)) === JSON.stringify(facts)) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `# Facts of this machine, written by \`npm run up\`; they overlay Pulumi.dev.yaml.\n# ${reason}\n${stringify(facts)}`,
  );
}

import type { z } from "zod";
import { closest } from "./closest";
import { inPlainWords } from "./fields";
import { SECRET_PATHS, type StackConfig, stackSchema } from "./schema";

/** What all keys of a stack's configuration begin with. */
export const NAMESPACE = "xwmooc:";

/** What is wrong with a stack's configuration: each problem with its key, and no value that may be secret. */
export class ConfigError extends Error {
  constructor(
    stack: string,
    readonly problems: string[],
  ) {
    super(
      [
        `The configuration of stack ${stack} (Pulumi.${stack}.yaml) has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:`,
        ...problems.map((problem) => `  - ${problem}`),
        "Every key is explained in docs/configuration.md.",
      ].join("\n"),
    );
    this.name = "ConfigError";
  }
}

/** The raw configuration of a stack, as Pulumi hands it out. */
export interface RawConfig {
  /** Name of the stack, for messages. */
  stack: string;
  /** Values by full key (`xwmooc:region`); objects are JSON texts. Keys of other namespaces are ignored. */
  values: Record<string, string>;
  /** Tells whether a key (or a part of its value) is stored encrypted. */
  isSecret: (key: string) => boolean;
  /** What the stack's file has under each key: it alone tells which parts of a value are encrypted. Default: not known. */
  file?: Record<string, unknown>;
  /** Facts of this machine that overlay the stack's own values, section by section. Default: none. */
  overlay?: Record<string, unknown>;
}

/**
 * Parses and completes a stack's configuration.
 * @throws ConfigError naming every problem, the keys allowed and the remedy.
 */
export function parseConfig({ stack, values, isSecret, file = {}, overlay = {} }: RawConfig): StackConfig {
  const given: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    if (key.startsWith(NAMESPACE)) given[key.slice(NAMESPACE.length)] = structured(value);
  }
  for (const [key, value] of Object.entries(overlay)) given[key] = merged(given[key], value);

  const known = Object.keys(stackSchema.shape);
  for (const key of Object.keys(given).filter((one) => !known.includes(one))) {
    const near = closest(key, known);
    problems.push(
      `${NAMESPACE}${key} is unknown${near ? `: did you mean ${NAMESPACE}${near}?` : ""} (known: ${known.join(", ")})`,
    );
    delete given[key];
  }
  for (const path of SECRET_PATHS) {
    const [section = "", ...keys] = path.split(".");
    const inFile = givenAt(file[NAMESPACE + section], keys, section).filter(([, value]) => typeof value === "string");
    const plain = isSecret(NAMESPACE + section) ? inFile : givenAt(given[section], keys, section);
    for (const [found] of plain)
      problems.push(`${NAMESPACE}${found} stands there in plain text; replace it by ${setSecretCommand(stack, found)}`);
  }

  const result = stackSchema.safeParse(given, { error: inPlainWords });
  if (!result.success) problems.push(...result.error.issues.map((issue) => explain(stack, issue)));
  if (problems.length > 0 || !result.success) throw new ConfigError(stack, problems);
  return result.data;
}

/** The paths that have a value, and it; `key[]` stands for each element of a list. */
function givenAt(value: unknown, [key, ...keys]: string[], path: string): [path: string, value: unknown][] {
  if (value === undefined || value === null) return [];
  if (key === undefined) return [[path, value]];
  const name = key.replace("[]", "");
  const inner = (value as Record<string, unknown>)[name];
  if (name === key) return givenAt(inner, keys, `${path}.${name}`);
  return Array.isArray(inner) ? inner.flatMap((one, i) => givenAt(one, keys, `${path}.${name}[${i}]`)) : [];
}

function structured(value: string): unknown {
  if (!/^\s*[[{]|^(true|false)$/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function merged(own: unknown, overlay: unknown): unknown {
  const isSection = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  return isSection(own) && isSection(overlay) ? { ...(own as object), ...(overlay as object) } : overlay;
}

function explain(stack: string, issue: z.core.$ZodIssue): string {
  const path = issue.path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .slice(1);
  const isSecretPath = (SECRET_PATHS as readonly string[]).includes(path.replace(/\[\d+\]/g, "[]"));
  return `${NAMESPACE}${path} ${issue.message}${isSecretPath ? `: ${setSecretCommand(stack, path)}` : ""}`;
}

/** The command that sets a secret; it reads the value from the terminal. */
export function setSecretCommand(stack: string, path: string): string {
  return `npm run pulumi -- config set --stack ${stack} --secret --path '${NAMESPACE}${path}'`;
}

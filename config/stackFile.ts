import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** The file of a stack. */
export function stackFile(folder: string, stack: string): string {
  return join(folder, `Pulumi.${stack}.yaml`);
}

/** What a stack's file has under each key, encrypted values as `{ secure: … }`; nothing where there is no such file. */
export function readStackFile(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  const content = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
  return content?.config ?? {};
}

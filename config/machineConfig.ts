import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { ConfigError } from "./parse";

/** Key that names a YAML file with facts of this machine, written by `npm run up` for the stack `dev` only. */
export const MACHINE_CONFIG = "xwmooc:machineConfig";

/**
 * Reads the file that {@link MACHINE_CONFIG} names; its path is relative to the project's folder.
 * @throws ConfigError when it is not there or is not YAML.
 */
export function readMachineConfig(stack: string, file: string, root = process.cwd()): Record<string, unknown> {
  const path = resolve(root, file);
  if (!existsSync(path))
    throw new ConfigError(stack, [`${MACHINE_CONFIG} names ${file}, which is not there: run \`npm run up\` first`]);
  try {
    return (parse(readFileSync(path, "utf8")) as Record<string, unknown> | null) ?? {};
  } catch (error) {
    throw new ConfigError(stack, [
      `${MACHINE_CONFIG} names ${file}, which is not valid YAML: ${(error as Error).message}`,
    ]);
  }
}

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse as parseYaml } from "yaml";
import { ConfigError, parseConfig } from "./parse";
import type { StackConfig } from "./schema";

/** Key that names a YAML file with facts of this machine, written by `npm run up` for the stack `dev` only. */
export const MACHINE_CONFIG = "xwmooc:machineConfig";

/**
 * Loads the configuration of the stack that is running.
 * @throws ConfigError with every problem.
 */
export function loadConfig(): StackConfig {
  const { [MACHINE_CONFIG]: machineConfig, ...values } = pulumi.runtime.allConfig();
  const stack = pulumi.getStack();
  return parseConfig({
    stack,
    values,
    isSecret: (key) => secretKeys().includes(key),
    overlay: machineConfig === undefined ? {} : readMachineConfig(stack, machineConfig),
  });
}

/**
 * Reads the file that {@link MACHINE_CONFIG} names; its path is relative to the project's folder.
 * @throws ConfigError when it is not there or is not YAML.
 */
export function readMachineConfig(stack: string, file: string, root = process.cwd()): Record<string, unknown> {
  const path = resolve(root, file);
  if (!existsSync(path))
    throw new ConfigError(stack, [`${MACHINE_CONFIG} names ${file}, which is not there: run \`npm run up\` first`]);
  try {
    return (parseYaml(readFileSync(path, "utf8")) as Record<string, unknown> | null) ?? {};
  } catch (error) {
    throw new ConfigError(stack, [
      `${MACHINE_CONFIG} names ${file}, which is not valid YAML: ${(error as Error).message}`,
    ]);
  }
}

/** Keys with encrypted values, as the engine tells them to the language host; the SDK has no public function for it. */
function secretKeys(): string[] {
  return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
}

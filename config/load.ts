import * as pulumi from "@pulumi/pulumi";
import { MACHINE_CONFIG, readMachineConfig } from "./machineConfig";
import { parseConfig } from "./parse";
import type { StackConfig } from "./schema";
import { readStackFile, stackFile } from "./stackFile";

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
    file: readStackFile(stackFile(process.cwd(), stack)),
    overlay: machineConfig === undefined ? {} : readMachineConfig(stack, machineConfig),
  });
}

/** Keys with encrypted values, as the engine tells them to the language host; the SDK has no public function for it. */
function secretKeys(): string[] {
  return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
}

import { copyFileSync, renameSync, rmSync } from "node:fs";
import { ConfigError } from "../../config/parse";
import { stackFile } from "../../config/stackFile";
import { UserError } from "./errors";
import { ROOT } from "./paths";
import type { Stack } from "./stack";
import { loadStackConfig } from "./stackConfig";

/** Sets one text of a configuration. @param kind Default: plain. */
export type SetValue = (path: string, value: string, kind?: "plain" | "secret") => Promise<void>;

/**
 * Changes a stack's configuration: all of it or, after a failure or an interruption, nothing.
 * @throws UserError where the configuration that comes out would be refused
 */
export async function changeConfig(stack: Stack, change: (set: SetValue) => Promise<void>): Promise<void> {
  const file = stackFile(ROOT, stack.shortName);
  // Pulumi knows the format by the end of the name.
  const draft = file.replace(/yaml$/, "new.yaml");
  copyFileSync(file, draft);
  try {
    await change(async (path, value, kind = "plain") => {
      // Without the type, Pulumi makes a number of what has digits alone.
      const as = kind === "secret" ? ["--secret"] : ["--type", "string"];
      await stack.pulumi(["config", "set", "--config-file", draft, "--path", ...as, path], { input: value });
    });
    await loadStackConfig(stack, draft);
    renameSync(draft, file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UserError(["Nothing was changed:", ...error.problems].join("\n  - "));
  } finally {
    rmSync(draft, { force: true });
  }
}

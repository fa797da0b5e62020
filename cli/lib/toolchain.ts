import { ensureToolchain, type Toolchain } from "../../toolchain/ensure";
import { UserError } from "./errors";
import { policyEnvironment } from "./policyPack";
import { Lane } from "./progress";
import { isDev, makeDevBackend, Stack } from "./stack";

/**
 * The Pulumi CLI and its plugins, built or downloaded if they are not there yet, and the policy pack that it checks by.
 * @param lane for the progress. Default: on standard error, so that a command's own output stays clean.
 * @throws UserError when they can't be had.
 */
export async function readyToolchain(
  lane = new Lane("toolchain", Date.now(), (text) => process.stderr.write(text)),
): Promise<Toolchain> {
  try {
    const toolchain = await ensureToolchain((line) => lane.line(line));
    return { ...toolchain, env: { ...toolchain.env, ...policyEnvironment() } };
  } catch (error) {
    // The toolchain throws plain errors with a message for the user; anything more special is a bug.
    if (error instanceof Error && error.constructor === Error && !("code" in error)) throw new UserError(error.message);
    throw error;
  } finally {
    lane.end();
  }
}

/** A stack, with the toolchain that serves it. */
export async function stackNamed(name: string): Promise<Stack> {
  const toolchain = await readyToolchain();
  if (isDev(name)) makeDevBackend();
  return new Stack(name, toolchain);
}

// npm run pulumi -- ARGUMENTS…: the real Pulumi CLI, with this project's toolchain and, for the stack dev, its backend.
import { runMain, UserError } from "./lib/errors";
import { runInForeground } from "./lib/run";
import {
  isDev,
  LOG_IN,
  makeDevBackend,
  pulumiEnvironment,
  selectedStack,
  stackOfCommandLine,
  userBackend,
} from "./lib/stack";
import { readyToolchain } from "./lib/toolchain";

runMain(async () => {
  const args = process.argv.slice(2);
  const toolchain = await readyToolchain();
  const backend = userBackend(toolchain.env);
  const stack = stackOfCommandLine(args, selectedStack(toolchain.env), backend);
  if (isDev(stack)) makeDevBackend();
  else if (stack !== undefined && !backend) throw new UserError(LOG_IN);
  return await runInForeground(toolchain.pulumi, args, pulumiEnvironment(stack, toolchain.env));
});

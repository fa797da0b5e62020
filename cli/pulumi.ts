// npm run pulumi -- ARGUMENTS…: the real Pulumi CLI, with this project's toolchain and, for the stack dev, its backend.
import { runMain } from "./lib/errors";
import { runInForeground } from "./lib/run";
import { isDev, makeDevBackend, pulumiEnvironment, selectedStack, stackOfCommandLine } from "./lib/stack";
import { readyToolchain } from "./lib/toolchain";

runMain(async () => {
  const args = process.argv.slice(2);
  const toolchain = await readyToolchain();
  const stack = stackOfCommandLine(args, selectedStack(toolchain.env));
  if (isDev(stack)) makeDevBackend();
  return await runInForeground(toolchain.pulumi, args, pulumiEnvironment(stack, toolchain.env));
});

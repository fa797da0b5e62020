/** `npx tsx toolchain/main.ts`: gets the toolchain ready and says where it is. */
import { ensureToolchain } from "./ensure";

const start = Date.now();
const seconds = () => Math.round((Date.now() - start) / 1000);

ensureToolchain((line) => console.log(`[toolchain ${String(seconds()).padStart(3)}s] ${line}`)).then(
  ({ origin, pulumi }) => console.log(`Pulumi is ready (${origin}): ${pulumi} [${seconds()} s]`),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);

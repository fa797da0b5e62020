// npm run down: stops the dev cloud; everything in it is kept for the next `npm run up`.
import { parseArguments } from "./lib/arguments";
import { runDevcloud } from "./lib/devcloud";
import { runMain } from "./lib/errors";
import { listenForInterruption } from "./lib/interruption";
import { takeLock } from "./lib/lock";

const USAGE = `Usage: npm run down

Shuts down the servers of the dev cloud and stops it. All state is kept; npm run up starts it again.`;

runMain(async () => {
  parseArguments(USAGE, {});
  listenForInterruption();
  await takeLock("npm run down");
  await runDevcloud(["down"]);
  return 0;
});

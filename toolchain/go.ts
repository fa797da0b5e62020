import { readFileSync } from "node:fs";
import path from "node:path";
import { TOOLCHAIN_DIR } from "./home";
import { run } from "./run";
import { compareVersions } from "./versions";

/** Go's settings for a build that does not depend on the user's own. */
export function goEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    CGO_ENABLED: "0", // no C compiler needed
    GOFLAGS: "-mod=readonly",
    GOWORK: "off",
    GOTOOLCHAIN: "local", // requireGo gives the better message
  };
}

/** The Go version that the modules ask for, e.g. `1.25.11`. */
function requiredGo(): string {
  const version = /^go (\S+)$/m.exec(readFileSync(path.join(TOOLCHAIN_DIR, "go.mod"), "utf8"))?.[1];
  if (!version) throw new Error("toolchain/go.mod has no line `go <version>`");
  return version;
}

/**
 * Sees that there is a Go that can build the modules.
 *
 * @throws Error that says what is missing and what to do
 */
export async function requireGo(env: NodeJS.ProcessEnv): Promise<void> {
  const needed = requiredGo();
  const remedy =
    `Install Go ${needed} or newer (https://go.dev/dl/) and see that \`go version\` finds it, ` +
    "or install the Pulumi CLI (https://www.pulumi.com/docs/install/): then nothing needs to be built.";
  const { status, stdout } = await run("go", ["env", "GOVERSION"], { env: goEnvironment(env) });
  const found = stdout.trim().replace(/^go/, "");
  if (status !== 0) throw new Error(`Go is needed to build Pulumi, and it is not installed. ${remedy}`);
  if (compareVersions(found, needed) < 0) {
    throw new Error(`Go ${found} is too old to build Pulumi. ${remedy}`);
  }
}

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

/** What Go is needed for. */
interface Purpose {
  /** What is built, in words. */
  program: string;
  /** Folder of the go.mod that says which Go it needs. */
  module: string;
  /** What helps besides installing Go: the end of a sentence. */
  remedy: string;
}

const PULUMI: Purpose = {
  program: "Pulumi",
  module: TOOLCHAIN_DIR,
  remedy: "or install the Pulumi CLI (https://www.pulumi.com/docs/install/): then nothing needs to be built.",
};

/** The Go version that a module asks for, e.g. `1.25.11`. */
function requiredGo(module: string): string {
  const version = /^go (\S+)$/m.exec(readFileSync(path.join(module, "go.mod"), "utf8"))?.[1];
  if (!version) throw new Error(`${module}/go.mod has no line \`go <version>\``);
  return version;
}

/**
 * Sees that there is a Go that can build a program.
 *
 * @throws Error that says what is missing and what to do
 */
export async function requireGo(env: NodeJS.ProcessEnv, purpose = PULUMI): Promise<void> {
  const needed = requiredGo(purpose.module);
  const remedy = `Install Go ${needed} or newer (https://go.dev/dl/) and see that \`go version\` finds it, ${purpose.remedy}`;
  const { status, stdout } = await run("go", ["env", "GOVERSION"], { env: goEnvironment(env) });
  const found = stdout.trim().replace(/^go/, "");
  if (status !== 0) throw new Error(`Go is needed to build ${purpose.program}, and it is not installed. ${remedy}`);
  if (compareVersions(found, needed) < 0) {
    throw new Error(`Go ${found} is too old to build ${purpose.program}. ${remedy}`);
  }
}

import { existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../cli/lib/errors";
import { CACHE } from "../../cli/lib/paths";
import { type Progress, withHeartbeat } from "../../toolchain/progress";
import { run, tail } from "../../toolchain/run";

/**
 * A program that is only used beside the product, built once from the module proxy.
 * @param packagePath for example github.com/rclone/rclone
 * @returns the program's file
 * @throws UserError where Go can't build it
 */
export async function buildGoTool(packagePath: string, version: string, progress: Progress): Promise<string> {
  const name = basename(packagePath);
  const folder = join(CACHE, "go-tools", `${name}-${version}`);
  const file = join(folder, name);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, CGO_ENABLED: "0", GOBIN: folder };
  const { status, stderr } = await withHeartbeat(progress, `building ${name} ${version} (once)`, () =>
    run("go", ["install", "-trimpath", `${packagePath}@${version}`], { env }),
  );
  if (status !== 0) throw new UserError(`${name} ${version} could not be built; Go is needed:\n${tail(stderr)}`);
  return file;
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../cli/lib/errors";
import { CACHE } from "../../cli/lib/paths";
import { type Progress, withHeartbeat } from "../../toolchain/progress";
import { run, tail } from "../../toolchain/run";

const VERSION = "v1.71.2";
const FOLDER = join(CACHE, "bench", `rclone-${VERSION}`);

/** A current rclone, built once from the module proxy: Debian's serves no FTP. @throws UserError where Go can't build it */
export async function buildRclone(progress: Progress): Promise<string> {
  const file = join(FOLDER, "rclone");
  if (existsSync(file)) return file;
  const env = { ...process.env, CGO_ENABLED: "0", GOBIN: FOLDER };
  const { status, stderr } = await withHeartbeat(progress, `building rclone ${VERSION} (some minutes, once)`, () =>
    run("go", ["install", "-trimpath", `github.com/rclone/rclone@${VERSION}`], { env }),
  );
  if (status !== 0) throw new UserError(`rclone ${VERSION} could not be built; Go is needed:\n${tail(stderr)}`);
  return file;
}

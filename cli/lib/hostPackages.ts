import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Lane } from "./progress";
import { CommandError, run } from "./run";

/** Programs that the commands use, and the Debian packages they come in. */
const PACKAGES = { ssh: "openssh-client", git: "git" };

const APT = ["-qq", "-o", "DPkg::Lock::Timeout=300"];

/** Installs the programs that are missing on this machine (Debian or Ubuntu, as root). @throws CommandError from apt. */
export async function installPrograms(lane: Lane): Promise<void> {
  const missing = Object.entries(PACKAGES).filter(([program]) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  lane.line(`installing ${packages.join(", ")}`);
  const install = () =>
    run("apt-get", [...APT, "install", "--yes", "--no-install-recommends", ...packages], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
  try {
    await install();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    await run("apt-get", [...APT, "update"]);
    await install();
  }
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

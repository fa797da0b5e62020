import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** The folder that holds this file, and the Go modules. */
export const TOOLCHAIN_DIR = __dirname;

/**
 * The project's own PULUMI_HOME, laid out like the official `~/.pulumi`: `bin/` and `plugins/`.
 *
 * A list inside says for each tool what it was made from. A tool is entered after it is complete, so that one whose
 * making was interrupted is simply made again.
 */
export class Home {
  /** `$XWMOOC_CACHE/toolchain/home`, by default `.cache/toolchain/home` in the repository. */
  readonly dir: string;

  constructor(env: NodeJS.ProcessEnv) {
    const cache = env.XWMOOC_CACHE || path.join(TOOLCHAIN_DIR, "..", ".cache");
    this.dir = path.join(path.resolve(cache), "toolchain", "home");
  }

  get bin(): string {
    return path.join(this.dir, "bin");
  }

  get pulumi(): string {
    return path.join(this.bin, "pulumi");
  }

  private get list(): string {
    return path.join(this.dir, "xwmooc-toolchain.json");
  }

  /** What the tool at this path (relative to the home) was made from; `undefined` if it is not there. */
  origin(tool: string): string | undefined {
    return existsSync(path.join(this.dir, tool)) ? this.entries()[tool] : undefined;
  }

  /** Enters a tool that is complete. */
  async enter(tool: string, origin: string): Promise<void> {
    await mkdir(this.dir, { recursive: true });
    const partial = `${this.list}.partial`;
    await writeFile(partial, `${JSON.stringify({ ...this.entries(), [tool]: origin }, null, 2)}\n`);
    await rename(partial, this.list);
  }

  /**
   * Keeps Pulumi from logging: unasked, it notes each property of each resource as it goes from process to process, up to 500 MB in
   * `logs/`, for a sixth of a preview's time. It goes without where it can't make that folder; no setting turns it off (Pulumi 3.259).
   */
  async keepLogsOut(): Promise<void> {
    const logs = path.join(this.dir, "logs");
    if (existsSync(logs) && !statSync(logs).isDirectory()) return;
    await rm(logs, { recursive: true, force: true });
    await mkdir(this.dir, { recursive: true });
    await writeFile(logs, "");
  }

  private entries(): Record<string, string> {
    try {
      return JSON.parse(readFileSync(this.list, "utf8"));
    } catch {
      return {}; // none yet, or a damaged one: everything is made again
    }
  }
}

/** Where a resource plugin's program lies in a PULUMI_HOME, relative to it. */
export function pluginPath(plugin: { name: string; version: string }): string {
  return path.join("plugins", `resource-${plugin.name}-v${plugin.version}`, `pulumi-resource-${plugin.name}`);
}

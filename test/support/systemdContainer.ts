import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Loopback } from "./loopback";

const SCRIPTS = join(__dirname, "testHost");
const CACHE = join(__dirname, "..", "..", ".cache");
const TOOLS = ["mmdebstrap", "systemd-nspawn", "nsenter", "unshare", "setpriv", "flock"];
const BOOT_SECONDS = 60;

/** The system of the test host: one of those that the web server may run. */
export const SYSTEM = process.env.XWMOOC_TEST_HOST ?? "debian-12";

/** What a command in the container said. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Why this machine can't run the containers; undefined where it can. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  const missing = TOOLS.filter((tool) => spawnSync("which", [tool]).status !== 0);
  if (missing.length > 0) return `not installed: ${missing.join(", ")} (packages mmdebstrap, systemd-container)`;
  if (!existsSync("/dev/fuse")) return "no /dev/fuse";
  return undefined;
}

/**
 * A server with {@link SYSTEM} and systemd as its first process, in a container without network: the same packages as on the
 * web server, and a small real Swift inside (test/support/testHost). Boots in about a second and forgets everything at its end.
 */
export class SystemdContainer {
  private supervisor: ChildProcess | undefined;
  /** Process ID of the container's first process, as seen from outside. */
  private init = 0;
  private joined: Loopback | undefined;

  private constructor(
    private readonly name: string,
    private readonly scratch: string,
    private readonly bootArguments: string[],
  ) {}

  /**
   * Builds the root file system if it isn't cached (two to three minutes), and boots a copy of it.
   * @param role Tells containers that run at the same time apart.
   * @param binds Folders of this machine shown read-only inside, by their path there.
   */
  static async boot(role: string, binds: Record<string, string> = {}): Promise<SystemdContainer> {
    const rootfs = await buildRootfs();
    const name = `xwmooc-test-${role}-${process.pid}`;
    const scratch = join(CACHE, name);
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true });
    const pairs = Object.entries(binds).map(([target, source]) => `${source}:${target}`);
    const container = new SystemdContainer(name, scratch, [name, rootfs, scratch, ...pairs]);
    await container.start();
    return container;
  }

  /** Restarts it, orderly; what is on its disk stays. */
  async reboot(): Promise<void> {
    // The connection may end before the command does.
    await this.startAnew(() => this.run("systemctl reboot"));
  }

  /** Cuts the power and boots again: nothing is ended orderly, and what had been written stays. */
  async cutPower(): Promise<void> {
    await this.startAnew(async () => process.kill(this.init, "SIGKILL"));
  }

  private async startAnew(end: () => Promise<unknown>): Promise<void> {
    const ended = this.ended();
    await end();
    await ended;
    this.closeLoopback();
    this.init = 0;
    await this.start();
  }

  /** The way to its servers. It ends with a reboot: then there is another one. */
  get loopback(): Loopback {
    this.joined ??= new Loopback(this.init);
    return this.joined;
  }

  /** Where a file of the container is for this process. Of links only relative ones lead on from there. */
  outside(path: string): string {
    return `/proc/${this.init}/root${path}`;
  }

  private async start(): Promise<void> {
    // Should this process die, the container is shut down.
    const boot = ["--pdeathsig", "TERM", "unshare", "--mount", join(SCRIPTS, "boot.sh"), ...this.bootArguments];
    const supervisor = spawn("setpriv", boot, { stdio: ["ignore", "pipe", "pipe"] });
    this.supervisor = supervisor;
    let output = "";
    for (const stream of [supervisor.stdout, supervisor.stderr]) {
      stream.on("data", (data) => {
        output += data;
      });
    }
    const booted = async () => {
      if (supervisor.exitCode !== null) throw new Error("it ended at once");
      this.init = initOf(supervisor.pid) ?? 0;
      if (this.init === 0) return false;
      const state = await this.run("systemctl is-system-running");
      return ["running", "degraded"].includes(state.stdout.trim());
    };
    try {
      await this.until(BOOT_SECONDS, "the container's boot", booted);
    } catch (error) {
      await this.stop();
      throw new Error(`${error}\n${output}`);
    }
  }

  private closeLoopback(): void {
    this.joined?.close();
    this.joined = undefined;
  }

  /** Resolves when the supervisor has ended. */
  private async ended(): Promise<void> {
    const { supervisor } = this;
    if (supervisor === undefined || supervisor.exitCode !== null || supervisor.signalCode !== null) return;
    await new Promise((resolve) => supervisor.once("exit", resolve));
  }

  /** Runs bash commands as root inside and waits for their end, whatever it is. */
  run(command: string, input = ""): Promise<Outcome> {
    const environment = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=/root",
      "LANG=C.UTF-8",
    ];
    const inside = ["--target", `${this.init}`, "--mount", "--uts", "--ipc", "--net", "--pid"];
    const child = spawn("nsenter", [...inside, "env", "-i", "--chdir=/", ...environment, "bash", "-c", command]);
    return new Promise((resolve, reject) => {
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (data) => (stdout += data));
      child.stderr.on("data", (data) => (stderr += data));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
      // A command may end without having read all of it.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  }

  /** Runs bash commands inside. @returns what they printed @throws Error if they fail */
  async sh(command: string, input = ""): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, input);
    if (code !== 0) throw new Error(`exit code ${code}: ${command}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Repeats a check until it gives something. @throws Error after the time limit */
  async until<T>(seconds: number, what: string, check: () => Promise<T | undefined | false>): Promise<T> {
    for (const end = Date.now() + seconds * 1000; ; await sleep(200)) {
      const result = await check();
      if (result !== undefined && result !== false) return result;
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    }
  }

  /** Switches the power off and removes all traces. */
  async stop(): Promise<void> {
    this.closeLoopback();
    const ended = this.ended();
    // All processes of a container end with its first one; the supervisor's death would leave them running.
    if (this.init !== 0) process.kill(this.init, "SIGKILL");
    else this.supervisor?.kill("SIGKILL");
    await ended;
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    // The container's processes end with its supervisor, but not at the same instant; a group can go once it is empty.
    const groups = ["/sys/fs/cgroup", "-depth", "-path", `*/${this.name}*`, "-type", "d"];
    await this.until(10, "the end of the container's processes", async () => {
      spawnSync("find", [...groups, "-exec", "rmdir", "{}", "+"]);
      return spawnSync("find", groups).stdout.length === 0;
    });
  }
}

/** The container's first process: the supervisor's child named systemd. */
function initOf(supervisor: number | undefined): number | undefined {
  const children = readIfThere(`/proc/${supervisor}/task/${supervisor}/children`).split(" ").filter(Boolean);
  const init = children.find((pid) => readIfThere(`/proc/${pid}/comm`).trim() === "systemd");
  return init === undefined ? undefined : Number(init);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The root file system for the present state of its scripts. */
async function buildRootfs(): Promise<string> {
  const hash = createHash("sha256");
  for (const entry of readdirSync(SCRIPTS, { withFileTypes: true, recursive: true }).sort(byPath)) {
    if (entry.isFile() && entry.name !== "boot.sh") {
      hash
        .update(`${entry.name}\0`)
        .update(readFileSync(join(entry.parentPath, entry.name)))
        .update("\0");
    }
  }
  const rootfs = join(CACHE, `test-host-${SYSTEM}-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(rootfs)) return rootfs;
  process.stderr.write(`building the test host, ${SYSTEM} (two to three minutes, once) ...\n`);
  mkdirSync(CACHE, { recursive: true });
  const build = spawn(join(SCRIPTS, "build.sh"), [rootfs, SYSTEM], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  build.stderr.on("data", (data) => (log = (log + data).slice(-4000)));
  const code = await new Promise((resolve, reject) => build.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`the test host could not be built:\n${log}`);
  return rootfs;
}

function byPath(one: { parentPath: string; name: string }, other: { parentPath: string; name: string }): number {
  return join(one.parentPath, one.name) < join(other.parentPath, other.name) ? -1 : 1;
}

import { type ChildProcess, execFile, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { beforeAll } from "vitest";
import { bundlePublisher } from "../../provisioning/bundle";
import type { Config, Course } from "../../provisioning/publisher/src/config";
import { ask } from "../../provisioning/publisher/src/control";
import { COMPRESSED } from "../../provisioning/publisher/src/names";
import type { CourseStatus, Status } from "../../provisioning/publisher/src/status";
import type { SwiftCredentials } from "../../swift/credentials";
import { compressedForms } from "../support/compressedForms";

/** The Node that runs the bundle: another one to be tried, such as the distribution's, is named by PUBLISHER_NODE. */
const node = process.env.PUBLISHER_NODE ?? process.execPath;

/** Built once for all tests of a file. */
let bundle: string;
beforeAll(async () => {
  bundle = await bundlePublisher();
});

/** A course as the tests use it: all of container `course`, at `/course`. */
export function course(more: Partial<Course> = {}): Course {
  const settle = { seconds: 0, limitSeconds: 0 };
  return {
    name: "course",
    container: "course",
    source: "",
    path: "course",
    link: `/${encodeURI(more.path ?? "course")}/`,
    title: "Course",
    description: "",
    english: { title: more.title ?? "Course", description: more.description ?? "" },
    settle,
    ...more,
  };
}

/** A publisher run as the service runs it: the bundle as a process of its own, with folders of its own. */
export class Site {
  readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "publisher-"));
  readonly webRoot = path.join(this.dir, "html");
  readonly releasesDir = path.join(this.dir, "releases");
  readonly stateDir = path.join(this.dir, "state");
  readonly mountDir = path.join(this.dir, "mnt");
  /** Everything the publisher has said. */
  output = "";
  private readonly program = path.join(this.dir, "site-publisher.cjs");
  private readonly config = path.join(this.dir, "config.json");
  private readonly credentials = path.join(this.dir, "credentials.json");
  private readonly socket = path.join(this.dir, "control.sock");
  private process: ChildProcess | undefined;

  constructor(credentials: SwiftCredentials, config: Partial<Config> = {}) {
    fs.writeFileSync(this.program, bundle);
    for (const dir of [this.webRoot, this.mountDir]) fs.mkdirSync(dir);
    fs.writeFileSync(this.credentials, JSON.stringify(credentials));
    this.configure(config);
  }

  configure(config: Partial<Config>): void {
    const { webRoot, releasesDir, stateDir, mountDir } = this;
    const whole: Config = {
      ...{ webRoot, releasesDir, stateDir, mountDir },
      pollSeconds: 0.1,
      keepReleases: 3,
      massDeletion: { percent: 50, files: 20, windowSeconds: 600 },
      metricsPort: 0,
      canary: { seconds: 0, container: "canary" },
      siteTitle: "Site",
      startLink: "/",
      courses: [course()],
      ...config,
    };
    fs.writeFileSync(this.config, JSON.stringify(whole));
  }

  start(): this {
    const args = ["run", "--config", this.config, "--credentials", this.credentials, "--socket", this.socket];
    const child = spawn(node, [this.program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.process = child;
    return this;
  }

  /** Ends the process, by default as a power cut for it would. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    child.kill(signal);
    return await ended;
  }

  /** Resolves with the exit code of a process that ends by itself. */
  async exit(): Promise<number | null> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    return await new Promise((resolve) => child.on("exit", resolve));
  }

  async remove(): Promise<void> {
    await this.kill();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  /** Runs another verb of the program. */
  async run(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(node, [this.program, ...args, "--socket", this.socket]);
    return stdout;
  }

  /** Asks at the control socket, without a process for it. */
  async post<T>(path: string): Promise<T> {
    return await ask<T>(this.socket, "POST", path);
  }

  async status(): Promise<Status> {
    return await ask<Status>(this.socket, "GET", "/status");
  }

  async courseStatus(name = "course"): Promise<CourseStatus> {
    const found = (await this.status()).courses.find((course) => course.name === name);
    if (found === undefined) throw new Error(`the status has no course ${name}`);
    return found;
  }

  /** What a visitor gets: each file of a course with its content. @throws Error where a compressed form has another one */
  served(at = "course"): Record<string, string> {
    const root = path.join(this.webRoot, at);
    const files: Record<string, string> = {};
    if (!fs.existsSync(root)) return files;
    const walk = (below: string) => {
      compressedForms(path.join(root, below));
      for (const entry of fs.readdirSync(path.join(root, below)).sort()) {
        if (entry === COMPRESSED) continue;
        const name = path.join(below, entry);
        // Links to folders are followed, as the web server does.
        if (fs.statSync(path.join(root, name)).isDirectory()) walk(name);
        else files[name] = fs.readFileSync(path.join(root, name), "utf8");
      }
    };
    walk("");
    return files;
  }
}

/** Waits until a condition holds; a look that fails counts as not yet. @throws after `limitMs`, with what was seen last */
export async function until<T>(look: () => T | Promise<T>, holds: (seen: T) => boolean, limitMs = 8_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    let last: unknown;
    try {
      const seen = await look();
      if (holds(seen)) return seen;
      last = seen;
    } catch (error) {
      last = String(error);
    }
    if (Date.now() > end)
      throw new Error(`not within ${limitMs} ms; last seen: ${JSON.stringify(last)?.slice(0, 500)}`);
    await sleep(20);
  }
}

/** Waits until exactly these files are served. */
export async function untilServed(
  site: Site,
  files: Record<string, string>,
  { at = "course", limitMs = 8_000 }: { at?: string; limitMs?: number } = {},
): Promise<void> {
  const wanted = JSON.stringify(sorted(files));
  const served = () => JSON.stringify(sorted(site.served(at)));
  await until(served, (seen) => seen === wanted, limitMs);
}

function sorted(files: Record<string, string>): [string, string][] {
  return Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
}

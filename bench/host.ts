import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../provisioning/publisher/src/control";
import type { CourseStatus, Status } from "../provisioning/publisher/src/status";
import { SwiftClient } from "../swift/client";
import {
  CourseHost,
  credentialFiles,
  type Driver,
  driverCredentials,
  FIRST_USER,
  publisherConfig,
  type Step,
} from "../test/support/courseHost";
import type { Contender } from "./contenders";
import { type BenchCourse, CONTAINER, SOURCE } from "./course";
import { AUTH_URL, CountingProxy } from "./proxy";
import { fillStore } from "./storeCache";
import { cpuSecondsOf, peakMemoryOf } from "./unitCosts";

const WEB_ROOT = "/var/www/html";
const SOCKET = "/run/site-publisher/control.sock";
const PUBLISHER = "site-publisher";
const MOUNT = "content-mount";
const MOUNT_UNITS = `${MOUNT} ${MOUNT}-watchdog`;
/** A first pass over a large course takes its time. */
const READY_SECONDS = 3_600;

/** The container in which everything runs: the real store, the mount, the contenders, and the web server. */
export class BenchHost {
  /** What all contenders reach the store through. */
  readonly proxy: CountingProxy;
  private sitePort = 0;

  private constructor(
    private readonly host: CourseHost,
    private readonly driver: Driver,
    private readonly course: BenchCourse,
    /** The bench's own way into the store, past the counting proxy. */
    readonly store: SwiftClient,
  ) {
    this.proxy = new CountingProxy(host.container);
  }

  /** Boots it, with an empty store. */
  static async boot(course: BenchCourse, driver: Driver): Promise<BenchHost> {
    const host = await CourseHost.boot("bench");
    const port = await host.container.loopback.forward(8080);
    const authUrl = `http://127.0.0.1:${port}/auth/v1.0`;
    return new BenchHost(host, driver, course, new SwiftClient({ auth: "v1", authUrl, ...FIRST_USER }));
  }

  /** Fills the store and installs everything but this publisher. */
  async prepare(say: (line: string) => void): Promise<void> {
    await fillStore(this.host, this.course, this.store, say);
    this.copyContenders();
    await this.proxy.start();
    say("installing the product's steps but the publisher");
    for (const step of ["packages", "driver", "credentials", "content-mount", "web-server"] as const)
      await this.install(step);
    this.sitePort = await this.host.container.loopback.forward(80);
  }

  async stop(): Promise<void> {
    this.store.close();
    await this.host.stop();
  }

  /** Installs this publisher. @returns how long its first publication took in ms, from the listing's begin to the switch */
  async firstPublication(say: (line: string) => void): Promise<number> {
    const began = performance.now();
    await this.install("publisher");
    for (let saidAt = performance.now(); ; await sleep(50)) {
      const status = await this.publisherStatus();
      if (status?.files === this.course.size && status.lastPublication) return status.lastPublication.durationMs;
      if (performance.now() - began > READY_SECONDS * 1000)
        throw new Error(`no first publication within ${READY_SECONDS} s: ${status?.lastError?.message}`);
      if (performance.now() - saidAt < 10_000) continue;
      saidAt = performance.now();
      say(`first publication: ${Math.round((performance.now() - began) / 1000)} s`);
    }
  }

  /** What this publisher says of the course; undefined while it does not run. */
  async publisherStatus(): Promise<CourseStatus | undefined> {
    const status = await ask<Status>(this.host.container.outside(SOCKET), "GET", "/status").catch(() => undefined);
    return status?.courses[0];
  }

  /** Tells this publisher of an object, as an upload gateway does. */
  async announce(object: string): Promise<void> {
    await ask(this.host.container.outside(SOCKET), "POST", `/courses/${CONTAINER}/announce`, [object]);
  }

  /** The address of the contender's copy of a page. */
  urlOf({ name, script }: Contender, page: string): string {
    return `http://127.0.0.1:${this.sitePort}/${script ? name : CONTAINER}/${page}`;
  }

  /** Starts a contender, and no other, on a copy of this publisher's release; resolves once it is at work. */
  async start(contender: Contender, say: (line: string) => void): Promise<void> {
    const { name, script, usesMount } = contender;
    await this.sh(`systemctl ${usesMount ? "restart" : "stop"} ${MOUNT_UNITS}`);
    if (usesMount)
      await this.until(60, "the mount is there", () => this.works(`timeout 5 ls /mnt/${CONTAINER}/${SOURCE}`));
    const began = performance.now();
    if (script) {
      const site = `${WEB_ROOT}/${name}`;
      await this.sh(`rm -rf ${site} && cp -aL ${WEB_ROOT}/${CONTAINER} ${site}`);
      const environment = {
        SITE: site,
        MOUNTED: `/mnt/${CONTAINER}/${SOURCE}`,
        CONTAINER,
        SOURCE,
        RCLONE_CONFIG: "/run/bench/rclone.conf",
        HOME: "/root",
        // cloudfuse's times are those of UTC.
        TZ: "UTC",
      };
      const settings = Object.entries(environment).map(([key, value]) => `--setenv=${key}=${value}`);
      await this.sh(`systemd-run --quiet --unit=bench-${name} ${settings.join(" ")} bash /run/bench/${script}`);
    } else {
      writeFileSync(this.host.container.outside("/etc/site-publisher/config.json"), configText(contender));
      await this.sh(`systemctl start ${PUBLISHER}`);
    }
    let saidAt = performance.now();
    await this.until(READY_SECONDS, `${name} is at work`, async () => {
      if (performance.now() - saidAt > 10_000) {
        saidAt = performance.now();
        say(`${name}: first pass, ${Math.round((saidAt - began) / 1000)} s`);
      }
      if (await this.isReady(contender)) return true;
      if (await this.works(`systemctl is-active --quiet ${unitOf(contender)}`)) return false;
      throw new Error(`it ended: ${await this.lastWords(contender)}`);
    });
  }

  /** Ends a contender and removes what it published. */
  async end(contender: Contender): Promise<void> {
    const { name, script } = contender;
    await this.sh(`systemctl stop ${unitOf(contender)} || true; systemctl reset-failed 2>/dev/null || true`);
    if (script) await this.sh(`rm -rf ${WEB_ROOT}/${name} ${WEB_ROOT}/${name}.*`);
  }

  /** Whether its process still runs. */
  async isRunning(contender: Contender): Promise<boolean> {
    return await this.works(`systemctl is-active --quiet ${unitOf(contender)}`);
  }

  async lastWords(contender: Contender): Promise<string> {
    return await this.sh(`journalctl --unit ${unitOf(contender)} --lines 1 --output cat`);
  }

  /** Processor seconds of a contender so far: its own, and the mount's where it uses it. */
  async cpuSeconds(contender: Contender): Promise<{ own: number; mount: number }> {
    return {
      own: await cpuSecondsOf(this.host.container, unitOf(contender)),
      mount: contender.usesMount ? await cpuSecondsOf(this.host.container, MOUNT) : 0,
    };
  }

  /** The most memory that each of its processes ever had, in bytes; largest first. */
  async peakMemory(contender: Contender): Promise<number[]> {
    return await peakMemoryOf(this.host.container, unitOf(contender));
  }

  /** The scripts, and what they sign in with. */
  private copyContenders(): void {
    const folder = this.host.container.outside("/run/bench");
    cpSync(join(__dirname, "contenders"), folder, { recursive: true });
    const config = driverCredentials("rclone", FIRST_USER, AUTH_URL)["rclone.conf"] ?? "";
    writeFileSync(join(folder, "rclone.conf"), config);
  }

  private sh(command: string, input = ""): Promise<string> {
    return this.host.container.sh(command, input);
  }

  private async works(command: string): Promise<boolean> {
    return (await this.host.container.run(command)).code === 0;
  }

  private until(seconds: number, what: string, check: () => Promise<boolean>): Promise<boolean> {
    return this.host.container.until(seconds, what, check);
  }

  private async isReady(contender: Contender): Promise<boolean> {
    if (contender.ready === undefined) {
      const status = await this.publisherStatus();
      return status?.state === "current" && status.lastListing !== null;
    }
    // Of this start only.
    const run = await this.sh(`systemctl show -P InvocationID ${unitOf(contender)}`);
    return contender.ready.test(await this.sh(`journalctl _SYSTEMD_INVOCATION_ID=${run} --output cat`));
  }

  private async install(step: Step): Promise<void> {
    const files = step === "publisher" ? { "config.json": configText() } : {};
    const secretFiles = step === "credentials" ? credentialFiles(this.driver, FIRST_USER, AUTH_URL) : {};
    const { code, stdout, stderr } = await this.host.step(step, this.driver, { files, secretFiles });
    if (code !== 0) throw new Error(`step ${step}: exit code ${code}\n${stdout}${stderr}`);
  }
}

function unitOf({ name, script }: Contender): string {
  return script ? `bench-${name}` : PUBLISHER;
}

/** The product's defaults, but for what a contender changes. */
function configText({ settleSeconds = 0.7 }: Partial<Contender> = {}): string {
  const { courses, ...rest } = publisherConfig({ courses: [CONTAINER], pollSeconds: 0.5 });
  const settle = { seconds: settleSeconds, limitSeconds: 30 };
  return JSON.stringify({ ...rest, courses: courses.map((course) => ({ ...course, source: SOURCE, settle })) });
}

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { count } from "../cli/lib/progress";
import { ask } from "../provisioning/publisher/src/control";
import type { CourseStatus, Status } from "../provisioning/publisher/src/status";
import { SwiftClient } from "../swift/client";
import {
  CourseHost,
  credentialFiles,
  type Driver,
  driverCredentials,
  FIRST_USER,
  type Step,
} from "../test/support/courseHost";
import type { Contender } from "./contenders";
import { type BenchCourse, CONTAINER, SOURCE } from "./course";

const CACHE = join(__dirname, "..", ".cache", "bench");
const STORE_CONFIG = join(__dirname, "..", "test", "support", "testHost", "swift");
/** The counting proxy's, through which all contenders go. */
const AUTH_URL = "http://127.0.0.1:8081/auth/v1.0";
const WEB_ROOT = "/var/www/html";
const MODE_FILE = "/run/bench/mode.conf";
const LOG = "/var/log/bench-proxy.log";
const SOCKET = "/run/site-publisher/control.sock";
const PUBLISHER = "site-publisher";
const MOUNT = "content-mount";
const MOUNT_UNITS = `${MOUNT} ${MOUNT}-watchdog`;
/** A first pass over a large course takes its time. */
const READY_SECONDS = 3_600;
const STORE_UNITS = "test-store@proxy test-store@account test-store@container test-store@object";
/** Of the kernel's clock in which /proc counts processor time. */
const TICKS_A_SECOND = 100;

/** What the counting proxy answers in place of the store. */
export type Fault = "refuses connections" | "answers 200 with a page of HTML" | "answers 503";

const MODES: Record<Exclude<Fault, "refuses connections"> | "none", string> = {
  none: `proxy_pass http://store;
    proxy_http_version 1.1;
    # The store makes its own address, which clients go to, of it.
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_request_buffering off;
    proxy_max_temp_file_size 0;
    proxy_read_timeout 300s;`,
  "answers 200 with a page of HTML": `default_type application/xhtml+xml;
    return 200 '<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Maintenance</title></head><body><p>Back soon.</p></body></html>
';`,
  "answers 503": "return 503;",
};

/** Requests to the store and the bytes of its answers. */
export interface Traffic {
  requests: number;
  bytes: number;
}

/** The container in which everything runs: the real store, the mount, the contenders, and the web server. */
export class BenchHost {
  private sitePort = 0;
  private constructor(
    private readonly host: CourseHost,
    private readonly driver: Driver,
    private readonly course: BenchCourse,
    /** The bench's own way into the store, past the counting proxy. */
    readonly store: SwiftClient,
  ) {}

  /** Boots it, with an empty store. */
  static async boot(course: BenchCourse, driver: Driver): Promise<BenchHost> {
    const host = await CourseHost.boot("bench");
    const port = await host.container.loopback.forward(8080);
    const authUrl = `http://127.0.0.1:${port}/auth/v1.0`;
    return new BenchHost(host, driver, course, new SwiftClient({ auth: "v1", authUrl, ...FIRST_USER }));
  }

  /** Fills the store and installs everything but this publisher. */
  async prepare(say: (line: string) => void): Promise<void> {
    await this.fillStore(say);
    await this.startProxy();
    say("installing the product's steps but the publisher");
    for (const step of ["packages", "driver", "credentials", "content-mount", "web-server"] as const)
      await this.install(step);
    this.sitePort = await this.host.container.loopback.forward(80);
  }

  async stop(): Promise<void> {
    this.store.close();
    await this.host.stop();
  }

  /** Installs this publisher. @returns ms from its start until the whole course was on the site */
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
    const path = `/courses/${CONTAINER}/announce?object=${encodeURIComponent(object)}`;
    await ask(this.host.container.outside(SOCKET), "POST", path);
  }

  /** The address of the contender's copy of a page. */
  urlOf({ name, script }: Contender, page: string): string {
    return `http://127.0.0.1:${this.sitePort}/${script ? name : CONTAINER}/${page}`;
  }

  /** Starts a contender, and no other, on a copy of this publisher's release; resolves once it is at work. */
  async start(contender: Contender, say: (line: string) => void): Promise<void> {
    const { name, script, usesMount } = contender;
    await this.sh(`systemctl ${usesMount ? "restart" : "stop"} ${MOUNT_UNITS}`);
    if (usesMount) await this.until(60, "the mount is there", () => this.works(`ls /mnt/${CONTAINER}/${SOURCE}`));
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
      writeFileSync(this.host.container.outside("/etc/site-publisher/config.json"), publisherConfig(contender));
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
      own: await this.unitSeconds(unitOf(contender)),
      mount: contender.usesMount ? await this.unitSeconds(MOUNT) : 0,
    };
  }

  /** The most memory that each of a contender's processes ever had, together, in bytes. */
  async peakMemory(contender: Contender): Promise<number> {
    const status = await this.ofProcesses(unitOf(contender), "status");
    const peaks = [...status.matchAll(/^VmHWM:\s+(\d+) kB/gm)].map(([, kilobytes]) => Number(kilobytes) * 1024);
    return peaks.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** How long the counting proxy's log is now: where a measurement begins. */
  mark(): number {
    return statSync(this.host.container.outside(LOG)).size;
  }

  /** What was asked of the store since then. */
  trafficSince(mark: number): Traffic {
    const log = readFileSync(this.host.container.outside(LOG)).subarray(mark).toString("latin1");
    const lines = log.split("\n").filter(Boolean);
    return { requests: lines.length, bytes: lines.reduce((sum, line) => sum + Number(line.split(" ")[2]), 0) };
  }

  /** Takes the store away from all contenders; the bench itself still reaches it. */
  async beginFault(fault: Fault): Promise<void> {
    if (fault === "refuses connections") await this.sh("systemctl stop bench-proxy");
    else await this.setMode(MODES[fault]);
  }

  async endFault(fault: Fault): Promise<void> {
    if (fault === "refuses connections") await this.runProxy();
    else await this.setMode(MODES.none);
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
    const files = step === "publisher" ? { "config.json": publisherConfig() } : {};
    const secretFiles = step === "credentials" ? credentialFiles(this.driver, FIRST_USER, AUTH_URL) : {};
    const { code, stdout, stderr } = await this.host.step(step, this.driver, { files, secretFiles });
    if (code !== 0) throw new Error(`step ${step}: exit code ${code}\n${stdout}${stderr}`);
  }

  /** Puts the course into the store: from what an earlier run has kept, else object by object. */
  private async fillStore(say: (line: string) => void): Promise<void> {
    const kept = join(CACHE, `store-${this.course.size}-${storeKey()}.tar`);
    if (existsSync(kept)) {
      say(`taking the store with ${count(this.course.size)} objects from .cache/bench`);
      await this.sh(`systemctl stop ${STORE_UNITS} && rm -rf /srv/swift/d1`);
      await this.tar("--extract", kept);
      // It remembers containers.
      await this.sh("systemctl restart memcached");
      await this.startStore();
      return;
    }
    say(`storing ${count(this.course.size)} objects, once: later runs take them from .cache/bench`);
    await this.setStoreHaste(true);
    await this.course.seed(this.store, say);
    await this.setStoreHaste(false);
    await this.sh(`systemctl stop ${STORE_UNITS}`);
    mkdirSync(CACHE, { recursive: true });
    const partial = `${kept}.${process.pid}`;
    say("keeping the store in .cache/bench");
    try {
      await this.tar("--create", partial);
      renameSync(partial, kept);
    } finally {
      rmSync(partial, { force: true });
    }
    await this.startStore();
  }

  /** Without waiting for the disk at each object it stores faster; only this bench's own seeding may have it so. */
  private async setStoreHaste(hasty: boolean): Promise<void> {
    const folder = "/run/systemd/system/test-store@.service.d";
    const setting = "[Service]\nEnvironment=LD_PRELOAD=libeatmydata.so\n";
    await this.sh(hasty ? `mkdir -p ${folder} && cat >${folder}/haste.conf` : `rm -r ${folder}`, setting);
    await this.sh(`systemctl daemon-reload && systemctl stop ${STORE_UNITS}`);
    await this.startStore();
  }

  private async startStore(): Promise<void> {
    await this.sh(`systemctl start ${STORE_UNITS}`);
    await this.host.startStore();
  }

  /** The store keeps all it knows of an object in extended attributes. */
  private async tar(verb: "--create" | "--extract", file: string): Promise<void> {
    const folder = this.host.container.outside("/srv/swift");
    const attributes = ["--xattrs", "--xattrs-include=user.*", "--numeric-owner"];
    await promisify(execFile)("tar", [verb, "--file", file, "--directory", folder, ...attributes, "d1"]);
  }

  private async startProxy(): Promise<void> {
    const { container } = this.host;
    mkdirSync(container.outside("/run/bench"));
    cpSync(join(__dirname, "contenders"), container.outside("/run/bench"), { recursive: true });
    cpSync(join(__dirname, "proxy.conf"), container.outside("/run/bench/proxy.conf"));
    const config = driverCredentials("rclone", FIRST_USER, AUTH_URL)["rclone.conf"] ?? "";
    writeFileSync(container.outside("/run/bench/rclone.conf"), config);
    writeFileSync(container.outside(MODE_FILE), MODES.none);
    await this.runProxy();
  }

  private async runProxy(): Promise<void> {
    await this.sh("systemd-run --quiet --unit=bench-proxy nginx -c /run/bench/proxy.conf -g 'daemon off;'");
    await this.until(10, "the counting proxy answers", () => this.works("curl -s http://127.0.0.1:8081/healthcheck"));
  }

  private async setMode(mode: string): Promise<void> {
    writeFileSync(this.host.container.outside(MODE_FILE), mode);
    await this.sh("nginx -c /run/bench/proxy.conf -s reload");
  }

  /** Of all its processes, and of those that they have waited for. */
  private async unitSeconds(unit: string): Promise<number> {
    const stats = await this.ofProcesses(unit, "stat");
    // After the name, which may hold anything: the fields from the third; 14 to 17 are the times.
    const ticks = stats.split("\n").flatMap((line) =>
      line
        .slice(line.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 15),
    );
    return ticks.reduce((sum, field) => sum + Number(field), 0) / TICKS_A_SECOND;
  }

  /** A file of /proc of each process that a unit has now. */
  private async ofProcesses(unit: string, file: string): Promise<string> {
    const group = await this.sh(`systemctl show -P ControlGroup ${unit}`);
    if (group === "") return "";
    // The first form is the old hierarchy's, the second the unified one's.
    return await this.sh(
      `for pid in $(cat /sys/fs/cgroup/systemd${group}/cgroup.procs 2>/dev/null || cat /sys/fs/cgroup${group}/cgroup.procs); do
         cat /proc/$pid/${file} 2>/dev/null || true
       done`,
    );
  }
}

function unitOf({ name, script }: Contender): string {
  return script ? `bench-${name}` : PUBLISHER;
}

/** What a kept store is made from, besides its size. */
function storeKey(): string {
  const hash = createHash("sha256").update(readFileSync(join(__dirname, "course.ts")));
  for (const file of ["swift.conf", "object-server.conf", "container-server.conf", "account-server.conf"])
    hash.update(readFileSync(join(STORE_CONFIG, file)));
  return hash.digest("hex").slice(0, 12);
}

/** The product's defaults, but for what a contender changes. */
function publisherConfig({ settleSeconds = 0.7 }: Partial<Contender> = {}): string {
  return JSON.stringify({
    webRoot: WEB_ROOT,
    releasesDir: "/var/www/releases",
    stateDir: "/var/lib/site-publisher",
    mountDir: "/mnt",
    pollSeconds: 0.5,
    keepReleases: 3,
    massDeletion: { percent: 50, files: 20, windowSeconds: 600 },
    metricsPort: 9150,
    siteTitle: "Benchmark",
    courses: [
      {
        name: CONTAINER,
        container: CONTAINER,
        source: SOURCE,
        path: CONTAINER,
        title: "Benchmark",
        description: "",
        settle: { seconds: settleSeconds, limitSeconds: 30 },
      },
    ],
  });
}

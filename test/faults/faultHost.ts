import * as http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { COMPRESSED } from "../../provisioning/publisher/src/names";
import { eachOf } from "../../provisioning/publisher/src/pace";
import type { CourseStatus, Status } from "../../provisioning/publisher/src/status";
import { CourseHost, credentialFiles, type Driver, FIRST_USER, type Step, type StoreUser } from "../support/courseHost";
import type { StoreRequest } from "../support/faults";
import { FaultyStore, type WayFault } from "../support/faultyStore";
import { Author, md5, type Pages } from "./author";
import { get, type Site, urlOf } from "./browser";
import type { Measured } from "./times";
import { Visitor } from "./visitor";

/** Where the publisher and the mount find the store: on the way through this process, which fails as told. */
const WAY_PORT = 8081;
const WAY_AUTH_URL = `http://127.0.0.1:${WAY_PORT}/auth/v1.0`;
const STORE_PORT = 8080;
/** How many times slower than an idle machine with two processors this one is: the limits are as many times longer. */
export const SLOWNESS = Number(process.env.XWMOOC_TEST_SLOWNESS ?? 1);
/** Longer than any limit: a case that is late is measured, too. */
const PATIENCE_S = 60 * SLOWNESS;

/** One line of the matrix. */
export interface FaultCase {
  name: string;
  /** The course that it befalls, or that is looked at. @default "pi" */
  course?: string;
  strike(): Promise<unknown> | undefined;
  /** Whether the fault has come through to where it matters, lest a case proves nothing; asked until it is true. */
  felt(): Promise<boolean> | boolean;
  /** Seconds that it lasts at least. @default 2 */
  lasts?: number;
  heal(): Promise<unknown> | undefined;
  /** What the author changes in the course. @default {@link FaultHost.edit} */
  change?(): Promise<unknown>;
  /** When: "after" the healing where the store takes nothing before. @default "during" */
  changed?: "during" | "after";
  /** Whether publishing goes on all the same: then the time counts from the change. @default false */
  harmless?: boolean;
  /** Seconds after the healing until everything is published, at most. @default 5 */
  within?: number;
}

/** A provisioned server with courses, an author who changes them, and a visitor who looks at them all the time. */
export class FaultHost {
  readonly author = new Author();
  readonly times: Measured[] = [];
  readonly visitor: Visitor;
  readonly site: Site = { port: 0 };
  /** How the way to the store fails, by course. */
  readonly wayFaults = new Map<string, (request: StoreRequest) => WayFault | undefined>();
  private wayToStore: FaultyStore | undefined;
  private user = FIRST_USER;
  private edits = 0;

  private constructor(
    readonly host: CourseHost,
    private readonly courses: string[],
  ) {
    this.visitor = new Visitor(this.site, this.author);
  }

  /** Boots it, with these pages in each of the courses, all of them published. */
  static async boot(courses: string[], pages: Pages): Promise<FaultHost> {
    const host = await CourseHost.boot("faults", { courses, pollSeconds: 0.5, authUrl: WAY_AUTH_URL });
    const faults = new FaultHost(host, courses);
    try {
      await faults.connect();
      for (const course of courses) await faults.author.putAll(course, pages);
      await host.provision("rclone");
      await faults.untilPublished(performance.now());
    } catch (error) {
      await host.stop();
      throw error;
    }
    void faults.visitor.run();
    return faults;
  }

  /** Joins this process with the server, anew after each of its boots. */
  async connect(): Promise<void> {
    const { loopback } = this.host.container;
    this.site.port = await loopback.forward(80);
    const storePort = await loopback.forward(STORE_PORT);
    this.author.connect(storePort);
    this.wayToStore = new FaultyStore(storePort);
    this.wayToStore.fault = (request) => this.wayFaults.get(request.container)?.(request);
    await loopback.serve(WAY_PORT, this.wayToStore.handler);
  }

  async stop(): Promise<void> {
    this.visitor.stop();
    await this.host.stop();
  }

  get way(): FaultyStore {
    if (this.wayToStore === undefined) throw new Error("not connected");
    return this.wayToStore;
  }

  /** Runs bash commands inside. @throws Error if they fail */
  sh(command: string): Promise<string> {
    return this.host.container.sh(command);
  }

  /** What the publisher says. */
  async status(): Promise<Status> {
    const socket = "/run/site-publisher/control.sock";
    return JSON.parse(await this.sh(`curl -sf --unix-socket ${socket} http://publisher/status`)) as Status;
  }

  async statusOf(course: string): Promise<CourseStatus> {
    const status = (await this.status()).courses.find(({ name }) => name === course);
    if (status === undefined) throw new Error(`the status has no course ${course}`);
    return status;
  }

  /** Whether the course is in an outage, with a last error that says this. */
  async isOut(words: string | RegExp, course = "pi"): Promise<boolean> {
    const { state, lastError } = await this.statusOf(course);
    return state === "outage" && lastError !== null && lastError.message.search(words) >= 0;
  }

  /** The usual change: a page overwritten with as many bytes, one new, one gone. */
  async edit(course = "pi"): Promise<void> {
    const { author, visitor } = this;
    const edit = String(++this.edits).padStart(4, "0");
    await author.put(course, "index.html", `<h1>edit ${edit}</h1>\n`);
    await author.put(course, `news/${edit}.html`, `news ${edit}\n`);
    for (const name of (await author.list(course)).keys()) {
      if (!name.startsWith("news/") || name.endsWith(`${edit}.html`)) continue;
      visitor.forget(course, name);
      await author.delete(course, name);
    }
  }

  /** Runs a case: all that the matrix asks of each. */
  async survive(fault: FaultCase): Promise<void> {
    const { course = "pi", lasts = 2, within = 5, changed = "during", harmless = false } = fault;
    const change = () => (fault.change ? fault.change() : this.edit(course));
    const servedBefore = this.visitor.served;
    await fault.strike();
    const struckAt = performance.now();
    if (changed === "during") await change();
    const changedAt = performance.now();
    const whileItLasted = harmless ? await this.untilPublished(changedAt, [course]) : undefined;
    await this.until(`${fault.name}: felt`, async () => fault.felt());
    await sleep(Math.max(0, struckAt + lasts * 1000 - performance.now()));
    await fault.heal();
    const healedAt = performance.now();
    if (changed === "after") await change();
    const published = whileItLasted ?? (await this.untilPublished(healedAt, [course]));
    this.record({ fault: fault.name, served: this.visitor.served - servedBefore, published, limit: within });
  }

  /** Notes a measurement for the table. @throws where visitors saw something wrong, or it took too long */
  record(measured: Measured): void {
    this.times.push(measured);
    expect(this.visitor.takeComplaints()).toEqual([]);
    expect(measured.served).toBeGreaterThan(0);
    expect(measured.published).toBeLessThanOrEqual(measured.limit * SLOWNESS);
  }

  /**
   * Waits until the site is what the store has: each object byte for byte, and nothing else.
   * @param from a time of `performance.now()`
   * @param patienceSeconds how long it may take
   * @returns seconds since then
   */
  async untilPublished(from: number, courses = this.courses, patienceSeconds = PATIENCE_S): Promise<number> {
    let different: string[] = [];
    for (;;) {
      const listed = performance.now();
      different = await this.differences(courses);
      if (different.length === 0) return (listed - from) / 1000;
      if (listed - from > patienceSeconds * 1000) break;
    }
    throw new Error(
      `not published within ${patienceSeconds} s:\n${different.slice(0, 20).join("\n")}\n${await this.summary()}`,
    );
  }

  /** What HTTP serves of the courses that is not what the store has. From now on the visitor looks at all that is right. */
  async differences(courses = this.courses): Promise<string[]> {
    const all: string[] = [];
    for (const course of courses) {
      const stored = await this.author.list(course);
      const found = await this.differencesOf(course, stored);
      if (found.length === 0) this.visitor.expect(course, stored.keys());
      all.push(...found);
    }
    return all;
  }

  private async differencesOf(course: string, stored: Map<string, string>): Promise<string[]> {
    const names = await this.filesOf(course);
    const found = names.filter((name) => !stored.has(name)).map((name) => `${course}/${name}: too much`);
    // Cheap to see, before everything is fetched.
    if (names.length - found.length < stored.size) found.push(`${course}: incomplete`);
    if (found.length > 0) return found;
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    await eachOf(stored, 8, async ([name, hash]) => {
      const { status, body } = await get(this.site, urlOf(course, name), agent);
      if (status !== 200 || md5(body) !== hash)
        found.push(`${course}/${name}: HTTP ${status}, ${body.subarray(0, 50)}`);
    });
    agent.destroy();
    return found;
  }

  /** Names of the files that visitors can find of a course. */
  async filesOf(course: string): Promise<string[]> {
    const root = `/var/www/html/${course}`;
    const list = await this.sh(
      `if [[ -e ${root} ]]; then find -L ${root} -name ${COMPRESSED} -prune -o -type f -printf '%P\\n'; fi`,
    );
    return list.split("\n").filter((name) => name !== "");
  }

  /** Repeats a look, quickly; one that fails counts as not yet. @throws Error after {@link PATIENCE_S} */
  async until(what: string, look: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + PATIENCE_S * 1000; ; await sleep(100)) {
      if (await look().catch(() => false)) return;
      if (performance.now() > end) throw new Error(`not within ${PATIENCE_S} s: ${what}\n${await this.summary()}`);
    }
  }

  /** What the publisher says, a line for the mount and one for each course. */
  private async summary(): Promise<string> {
    const { mount, courses } = await this.status();
    const lines = courses.map(({ name, state, files, heldDeletions, lastError }) =>
      [name, state, `${files} files`, `${heldDeletions} held`, lastError?.at, lastError?.message].join(", "),
    );
    return [`mount: ${mount.detail}`, ...lines].join("\n");
  }

  /** Lets the publisher look at the mount now, instead of after its rest. */
  async trustMount(): Promise<void> {
    await this.until("the mount answers", async () => (await this.host.container.run("ls /mnt/pi")).code === 0);
    if ((await this.status()).mount.healthy) return;
    await this.sh("systemctl restart site-publisher");
    await this.until("the publisher reads from the mount", async () => (await this.status()).mount.healthy);
  }

  /** Gives the mount another driver. */
  async drive(driver: Driver): Promise<void> {
    await this.step("driver", driver);
    await this.signInAs(this.user, driver);
    await this.step("content-mount", driver);
  }

  /** Gives the publisher and the mount the credentials of another user of the store. */
  async signInAs(user: StoreUser, driver: Driver): Promise<void> {
    this.user = user;
    await this.step("credentials", driver, credentialFiles(driver, user, WAY_AUTH_URL));
  }

  private async step(step: Step, driver: Driver, secretFiles: Record<string, string> = {}): Promise<void> {
    const { code, stdout, stderr } = await this.host.step(step, driver, { secretFiles });
    if (code !== 0) throw new Error(`step ${step}: exit code ${code}\n${stdout}${stderr}`);
  }
}

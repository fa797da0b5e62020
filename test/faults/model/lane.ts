import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Course } from "../../../provisioning/publisher/src/config";
import type { SwiftClient } from "../../../swift/client";
import { course, Site, until } from "../../publisher/site";
import type { StoreUser } from "../../support/courseHost";
import type { StoreRequest } from "../../support/faults";
import { FaultyStore, type WayFault } from "../../support/faultyStore";
import { KINDS, type Operation, type Sequence, UNTOUCHED } from "./sequence";
import { SEGMENTS, StoredCourse } from "./storedCourse";
import { servedAt, Watcher } from "./watcher";

/** After the last fault the site must be what the store is within this time. */
const HEALED_MS = 15_000;
/** Publishers may just be starting in all lanes at once, before there is anything to be healed. */
const FIRST_MS = 60_000;
/** Courses of one publisher for each kind. */
const COURSES_EACH = 6;

type Strike = Extract<Operation, { do: "fault" }>;

/**
 * Runs one sequence after the other, each on a course and a container of its own. Starting a publisher takes about 0.3 s of
 * processor time (it is two processes), half of what a sequence takes. So one serves many courses, of which one is in use; to
 * the others the store is down, which makes them wait for seconds from request to request. Killing it, of course, strikes all.
 */
export class Lane {
  private site: Site | undefined;
  private free: Course[] = [];
  private made = 0;
  /** The container in use. */
  private active = "";
  private strike: Strike | undefined;
  private lateMs = 0;
  private asked = 0;
  private readonly way: FaultyStore;

  /** @param port where the real Swift answers, @param store the same one, without faults */
  constructor(
    private readonly number: number,
    port: number,
    private readonly user: StoreUser,
    private readonly store: SwiftClient,
  ) {
    this.way = new FaultyStore(port);
    this.way.fault = (request) => this.faultOf(request);
    this.way.authFault = () => (this.strike?.of === "any" ? this.struck(this.strike) : undefined);
  }

  async start(): Promise<this> {
    await this.way.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.site?.remove();
    await this.way.stop();
  }

  /** @throws Error that says which invariant did not hold */
  async run(sequence: Sequence): Promise<void> {
    const { site, course } = this.take(sequence);
    try {
      await this.runOn(site, course, sequence);
    } catch (error) {
      // A publisher that has failed once is no base for the next sequence.
      await site.remove();
      this.site = undefined;
      const said = site.output.split("\n").filter((line) => line.startsWith(`${course.name}:`));
      throw new Error(`${(error as Error).message}\nthe publisher said of it:\n${said.slice(-15).join("\n")}`);
    } finally {
      this.active = "";
      this.strike = undefined;
      this.way.requests.length = 0;
    }
  }

  private async runOn(site: Site, { name, container, path }: Course, sequence: Sequence): Promise<void> {
    const stored = new StoredCourse(this.store, container, sequence.kind.source && `${sequence.kind.source}/`);
    await this.store.createContainer(container);
    for (const untouched of UNTOUCHED) await stored.put(untouched);
    this.active = container;
    this.lateMs = sequence.lateMs;
    const control = new Control(site, name);
    // Until now it has been waiting, longer and longer.
    await control.insist("publish", FIRST_MS);
    const link = join(site.webRoot, path);
    await untilSame(stored, link, FIRST_MS);

    const watcher = new Watcher(link, stored);
    const watching = watcher.run();
    try {
      for (const { operation, pauseMs } of sequence.steps) {
        await this.perform(operation, site, stored, control, watcher);
        await sleep(pauseMs);
        if (watcher.violation !== undefined) throw new Error(watcher.violation);
      }
      this.strike = undefined;
      if (watcher.pinned !== undefined) {
        watcher.pinned = undefined;
        await control.insist("unpin");
      }
      // A rollback ends with the next change.
      await stored.put("끝.html");
      await untilSame(stored, link, HEALED_MS);
      await until(
        () => site.courseStatus(name),
        ({ state }) => state === "current",
        HEALED_MS,
      );
    } finally {
      watcher.stop();
      await watching;
    }
    if (watcher.violation !== undefined) throw new Error(watcher.violation);
  }

  private async perform(
    operation: Operation,
    site: Site,
    stored: StoredCourse,
    control: Control,
    watcher: Watcher,
  ): Promise<void> {
    switch (operation.do) {
      case "put":
        await stored.put(operation.name, operation.size);
        if (operation.announced) await control.announce(stored.prefix + operation.name);
        return;
      case "put large":
        return await stored.putLarge(operation.name);
      case "put at once":
        await Promise.all(operation.names.map((name) => stored.put(name)));
        if (operation.announced) for (const name of operation.names) await control.announce(stored.prefix + name);
        return;
      case "overwrite rapidly":
        for (let time = 0; time < operation.times; time++)
          await stored.put(operation.name, time % 2 === 0 ? "other" : "same");
        return;
      case "delete":
        return await stored.delete(operation.name);
      case "delete and put":
        await stored.delete(operation.name);
        return await stored.put(operation.name);
      case "announce":
        return await control.announce(stored.prefix + operation.name);
      case "fault":
        this.strike = operation;
        return;
      case "heal":
        this.strike = undefined;
        return;
      case "kill": {
        const code = await site.kill();
        if (code !== null) throw new Error(`the publisher had ended by itself, exit code ${code}`);
        await sleep(operation.downMs);
        site.start();
        return;
      }
      case "publish":
        await control.try("publish");
        return;
      case "pin":
        watcher.pinned = (await control.try("pin")) ?? watcher.pinned;
        return;
      case "rollback":
      case "unpin": {
        const { pinned } = watcher;
        watcher.pinned = undefined;
        watcher.mayGoBack ||= operation.do === "rollback";
        if ((await control.try(operation.do)) === undefined) watcher.pinned = pinned;
      }
    }
  }

  /** A course of this kind that no sequence has used. */
  private take({ kind: { settleSeconds, source } }: Sequence): { site: Site; course: Course } {
    const fits = (one: Course) => one.settle.seconds === settleSeconds && one.source === source;
    if (this.site === undefined || !this.free.some(fits)) {
      void this.site?.remove();
      this.free = this.newCourses();
      const massDeletion = { percent: 100, files: 1_000_000, windowSeconds: 600 };
      const authUrl = `${this.way.url}/auth/v1.0`;
      this.site = new Site(
        { auth: "v1", authUrl, ...this.user },
        { courses: this.free, pollSeconds: 0.2, massDeletion },
      ).start();
    }
    const [course] = this.free.splice(this.free.findIndex(fits), 1) as [Course];
    return { site: this.site, course };
  }

  private newCourses(): Course[] {
    return KINDS.flatMap(({ settleSeconds: seconds, source }) =>
      Array.from({ length: COURSES_EACH }, () => {
        const name = `lane${this.number}-${++this.made}`;
        return course({ name, container: name, path: name, source, settle: { seconds, limitSeconds: 5 * seconds } });
      }),
    );
  }

  private faultOf({ method, container, object }: StoreRequest): WayFault | undefined {
    if (container !== this.active && container !== SEGMENTS) return 503;
    const isListing = method === "GET" && object === undefined;
    const of = isListing ? "listing" : "object";
    const { strike } = this;
    const fault = strike?.of === "any" || strike?.of === of ? this.struck(strike) : undefined;
    return fault ?? (isListing && this.lateMs > 0 ? { lateMs: this.lateMs } : undefined);
  }

  private struck({ fault, oneIn }: Strike): WayFault | undefined {
    return ++this.asked % oneIn === 0 ? fault : undefined;
  }
}

/** What an operator or an upload asks of the publisher for one course. */
class Control {
  constructor(
    private readonly site: Site,
    private readonly course: string,
  ) {}

  /** @returns the release that it speaks of; undefined where the publisher does not run just now, or refuses */
  async try(verb: string): Promise<string | undefined> {
    return await this.post(verb).then(
      ({ release }) => release ?? "",
      () => undefined,
    );
  }

  async insist(verb: string, limitMs = HEALED_MS): Promise<void> {
    await until(
      () => this.post(verb),
      () => true,
      limitMs,
    );
  }

  async announce(object: string): Promise<void> {
    await this.try(`announce?object=${encodeURIComponent(object)}`);
  }

  private post(verb: string): Promise<{ release?: string }> {
    return this.site.post(`/courses/${this.course}/${verb}`);
  }
}

/** Waits until the site is what the store is. */
async function untilSame(stored: StoredCourse, link: string, limitMs: number): Promise<void> {
  const wanted = stored.publishable;
  const differing = () => {
    const served = servedAt(link);
    return [...new Set([...wanted.keys(), ...served.keys()])].filter((name) => served.get(name) !== wanted.get(name));
  };
  const names = () => {
    try {
      return differing();
    } catch (error) {
      return [String(error)];
    }
  };
  for (const end = performance.now() + limitMs; names().length > 0; await sleep(20)) {
    if (performance.now() < end) continue;
    const unlisted = await stored.unlisted();
    throw new Error(
      `not the store's content within ${limitMs / 1000} s: ${names().join(", ")}; ` +
        `the store lists otherwise than it was told: ${unlisted.join(", ") || "nothing"}`,
    );
  }
}

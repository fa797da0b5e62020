import * as http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { secondsSince } from "../cli/lib/progress";
import type { Contender } from "./contenders";
import { type BenchCourse, fraction } from "./course";
import type { BenchHost } from "./host";
import type { Fault } from "./proxy";

const POLL_MS = 10;
/** A contender that has missed so many changes in a row will miss the others, too. */
const MISSES = 2;
/** Pauses between changes, in seconds: longer than the longest period of a poller, so that no phase is preferred. */
const PAUSE = { least: 1, most: 12 };
const OUTAGE_SECONDS = 20;
const HEALING_SECONDS = 60;
const READERS = 8;
const FAULTS: Fault[] = ["refuses connections", "answers 200 with a page of HTML", "answers 503"];

/** What something has cost. */
export interface Costs {
  requests: number;
  bytes: number;
  /** Processor seconds of the contender itself, and of the mount where it reads through it. */
  cpuSeconds: number;
  mountCpuSeconds: number;
}

/** What was measured of a contender at one size of the course. */
export interface Measured {
  /** From the store's answer to the new bytes over HTTP, of each change; `null`: not within the limit. */
  latenciesMs: (number | null)[];
  limitSeconds: number;
  /** From the change until it was seen, on average; `null` where none was. */
  perChange: Costs | null;
  /** While nothing changes, scaled to a minute. */
  perIdleMinute: Costs;
  /** Of this publisher; the others' processes come and go. */
  own?: {
    /** From the listing's begin to the switch, of each publication. */
    publicationsMs: number[];
    /** The most that each of its processes had: the service, and its reader of the mount. */
    peakMemoryBytes: number[];
  };
}

/** What an outage of the store did. */
export interface OutageResult {
  fault: Fault;
  /** The most files at one time that were missing, or had bytes that the store never had. */
  lost: number;
  files: number;
  /** From the end of the outage until the site was what the store had; `null`: not within the limit. */
  healedSeconds: number | null;
  /** Whether its program still ran then. */
  running: boolean;
}

/** What the measurements of one contender work with. */
export interface Subject {
  host: BenchHost;
  course: BenchCourse;
  contender: Contender;
  say: (line: string) => void;
}

/** Overwrites pages one by one, at times and in an order that follow from the course's size, and waits for each. */
export async function measureChanges(
  { host, course, contender, say }: Subject,
  changes: number,
  limitSeconds: number,
): Promise<Pick<Measured, "latenciesMs" | "perChange" | "own">> {
  const latenciesMs: (number | null)[] = [];
  const costs: Costs[] = [];
  const publicationsMs: number[] = [];
  const reader = new PageReader();
  say(`${contender.name}: ${changes} changes, up to ${limitSeconds} s each`);
  for (let i = 0; i < changes && latenciesMs.slice(-MISSES).filter(isMiss).length < MISSES; i++) {
    await sleep((PAUSE.least + (PAUSE.most - PAUSE.least) * fraction(`pause ${course.size} ${i}`)) * 1000);
    const page = course.pages[Math.floor(fraction(`page ${course.size} ${i}`) * course.size)] ?? "";
    const meter = await Meter.start(host, contender);
    await course.overwrite(host.store, page);
    const stored = performance.now();
    if (contender.announced) await host.announce(course.objectOf(page));
    const seen = await reader.until(host.urlOf(contender, page), course.current(page), stored + limitSeconds * 1000);
    latenciesMs.push(seen && seen - stored);
    if (seen !== null) costs.push(await meter.read());
    if (!contender.script) publicationsMs.push((await host.publisherStatus())?.lastPublication?.durationMs ?? 0);
    say(
      `${contender.name}: change ${i + 1} of ${changes}: ${seen === null ? `never (> ${limitSeconds} s)` : `${Math.round(seen - stored)} ms`}`,
    );
  }
  reader.close();
  const measured = { latenciesMs, perChange: average(costs) };
  if (contender.script) return measured;
  return { ...measured, own: { publicationsMs, peakMemoryBytes: await host.peakMemory(contender) } };
}

/** What a contender costs while nothing changes. */
export async function measureIdle({ host, contender }: Subject, seconds: number): Promise<Costs> {
  const began = performance.now();
  const meter = await Meter.start(host, contender);
  await sleep(seconds * 1000);
  const costs = await meter.read();
  return scaled(costs, 60_000 / (performance.now() - began));
}

/** Has the store fail in each way, with a change meanwhile, and looks at what visitors get. */
export async function measureOutages(subject: Subject): Promise<OutageResult[]> {
  const results: OutageResult[] = [];
  for (const fault of FAULTS) {
    await subject.host.start(subject.contender, subject.say);
    results.push(await measureOutage(subject, fault));
    await subject.host.end(subject.contender);
  }
  return results;
}

async function measureOutage({ host, course, contender, say }: Subject, fault: Fault): Promise<OutageResult> {
  const reader = new PageReader();
  let lost = 0;
  const look = async () => {
    const seen = await lookAtSite(reader, host, course, contender);
    lost = Math.max(lost, seen.lost);
    return seen;
  };
  say(`${contender.name}: the store ${fault} for ${OUTAGE_SECONDS} s`);
  await host.proxy.beginFault(fault);
  try {
    const began = Date.now();
    await course.overwrite(host.store, course.pages[Math.floor(fraction(fault) * course.size)] ?? "");
    while (secondsSince(began) < OUTAGE_SECONDS) {
      await look();
      await sleep(500);
    }
  } finally {
    await host.proxy.endFault(fault);
  }
  const ended = Date.now();
  let healedSeconds: number | null = null;
  while (healedSeconds === null && secondsSince(ended) < HEALING_SECONDS) {
    if ((await look()).current) healedSeconds = secondsSince(ended);
    else await sleep(200);
  }
  reader.close();
  const healed = healedSeconds === null ? `not healed within ${HEALING_SECONDS} s` : `healed in ${healedSeconds} s`;
  say(`${contender.name}: the store ${fault}: ${lost} of ${course.size} files lost, ${healed}`);
  return { fault, lost, files: course.size, healedSeconds, running: await host.isRunning(contender) };
}

/** Gets all pages as a visitor does. */
async function lookAtSite(reader: PageReader, host: BenchHost, course: BenchCourse, contender: Contender) {
  const waiting = [...course.pages];
  let lost = 0;
  let current = true;
  const read = async () => {
    for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
      const content = await reader.get(host.urlOf(contender, page));
      if (content?.equals(course.current(page))) continue;
      current = false;
      if (content === undefined || !course.had(page, content)) lost++;
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return { lost, current };
}

/** Counts what a contender costs from one moment to another. */
class Meter {
  private constructor(
    private readonly host: BenchHost,
    private readonly contender: Contender,
    private readonly mark: number,
    private readonly cpu: { own: number; mount: number },
  ) {}

  static async start(host: BenchHost, contender: Contender): Promise<Meter> {
    const cpu = await host.cpuSeconds(contender);
    return new Meter(host, contender, host.proxy.mark(), cpu);
  }

  async read(): Promise<Costs> {
    const traffic = this.host.proxy.trafficSince(this.mark);
    const cpu = await this.host.cpuSeconds(this.contender);
    // A process that has ended, or was restarted, takes its time with it.
    const spent = (now: number, before: number) => Math.max(0, now - before);
    return {
      ...traffic,
      cpuSeconds: spent(cpu.own, this.cpu.own),
      mountCpuSeconds: spent(cpu.mount, this.cpu.mount),
    };
  }
}

/** Reads pages over connections that stay open. */
class PageReader {
  private readonly agent = new http.Agent({ keepAlive: true });

  /** Repeats the request until these bytes come. @returns when that was, `null` once `end` is over */
  async until(url: string, content: Buffer, end: number): Promise<number | null> {
    for (;;) {
      const asked = performance.now();
      if ((await this.get(url))?.equals(content)) return performance.now();
      if (performance.now() > end) return null;
      await sleep(Math.max(0, POLL_MS - (performance.now() - asked)));
    }
  }

  /** @returns `undefined` for anything but a page */
  get(url: string): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const request = http.get(url, { agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve(response.statusCode === 200 ? Buffer.concat(chunks) : undefined));
        response.on("error", () => resolve(undefined));
      });
      request.on("error", () => resolve(undefined));
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

function isMiss(latency: number | null): boolean {
  return latency === null;
}

function average(costs: Costs[]): Costs | null {
  const first = costs[0];
  if (first === undefined) return null;
  const sum = costs.slice(1).reduce(
    (all, one) => ({
      requests: all.requests + one.requests,
      bytes: all.bytes + one.bytes,
      cpuSeconds: all.cpuSeconds + one.cpuSeconds,
      mountCpuSeconds: all.mountCpuSeconds + one.mountCpuSeconds,
    }),
    first,
  );
  return scaled(sum, 1 / costs.length);
}

function scaled(costs: Costs, by: number): Costs {
  return {
    requests: costs.requests * by,
    bytes: costs.bytes * by,
    cpuSeconds: costs.cpuSeconds * by,
    mountCpuSeconds: costs.mountCpuSeconds * by,
  };
}

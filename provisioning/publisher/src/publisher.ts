import { mkdirSync } from "node:fs";
import type * as http from "node:http";
import { SwiftClient } from "../../../swift/client";
import type { SwiftCredentials } from "../../../swift/credentials";
import { Canary, canaryCourse } from "./canary";
import type { Config } from "./config";
import { type CourseControls, serveControls } from "./control";
import { CoursePublisher } from "./course";
import type { Journal } from "./journal";
import { metricsText, serveMetrics } from "./metrics";
import { Mount } from "./mount";
import { SystemdNotify } from "./notify";
import { PollLoop } from "./pollLoop";
import { writeSitePages } from "./sitePages";
import type { Status } from "./status";
import { statusPage } from "./statusPage";
import { removeStrayLinks } from "./strayLinks";

/** Nothing may move for so long on a connection to the store. */
const STORE_TIMEOUT_MS = 10_000;
/** A course that has made no step for so long hangs: what may take longer gives signs of life meanwhile. */
const STUCK_MS = 60_000;

export interface PublisherOptions {
  config: Config;
  credentials: SwiftCredentials;
  /** Where the controls are served. */
  socket: string;
  /** The program that serves as the mount reader too. */
  program: string;
  journal: Journal;
}

/** The service: a poll loop for each course, and what they share. */
export class Publisher {
  private readonly startedAt = new Date().toISOString();
  private readonly courses = new Map<string, { publisher: CoursePublisher; loop: PollLoop; stepAt: number }>();
  private readonly store: SwiftClient;
  private readonly mount: Mount;
  private readonly systemd = new SystemdNotify();
  private controls: http.Server | undefined;
  private metrics: http.Server | undefined;
  private readonly canary: Canary | undefined;

  constructor(private readonly options: PublisherOptions) {
    const { config, credentials, program, journal } = options;
    this.store = new SwiftClient(credentials, { timeoutMs: STORE_TIMEOUT_MS });
    const watched = [...config.courses];
    if (config.canary.seconds > 0) {
      this.canary = new Canary(config.canary, this.store, journal);
      watched.push(canaryCourse(config.canary));
    }
    const containers = watched.map(({ container }) => container);
    this.mount = new Mount({ dir: config.mountDir, containers, program, journal });
    for (const course of watched) {
      const publisher = new CoursePublisher(course, {
        ...{ config, store: this.store, mount: this.mount, journal },
        onProgress: () => this.stepped(course.name),
        onPublished: () => this.writeSitePages(),
      });
      const loop = new PollLoop(publisher, config.pollSeconds * 1000, journal);
      this.courses.set(course.name, { publisher, loop, stepAt: performance.now() });
    }
  }

  /** Publishes until `stop`. @throws where it can't even begin, in plain words */
  async run(): Promise<void> {
    const { config, socket, journal } = this.options;
    for (const folder of [config.webRoot, config.releasesDir, config.stateDir]) mkdirSync(folder, { recursive: true });
    const watched = [...this.courses.values()].map(({ publisher }) => publisher.course);
    for (const link of removeStrayLinks(config, watched))
      journal.info(`${link}: no course is configured there any more; link removed`);
    this.controls = await serveControls(socket, {
      status: () => this.status(),
      course: (name) => this.controlsOf(name),
    });
    if (config.metricsPort > 0)
      this.metrics = await serveMetrics(
        config.metricsPort,
        () => metricsText(this.status(), this.store.traffic),
        () => statusPage(config.siteTitle, this.status(), Date.now()),
      );
    void this.mount.start();
    journal.info(`publishing ${config.courses.length} courses, each looked at every ${config.pollSeconds} s`);
    this.writeSitePages();
    this.systemd.ready();
    this.systemd.watch(() => this.isAlive());
    await Promise.all([this.canary?.run(), ...[...this.courses.values()].map(({ loop }) => loop.run())]);
  }

  stop(): void {
    this.canary?.stop();
    for (const { loop } of this.courses.values()) loop.stop();
    this.systemd.stop();
    this.mount.stop();
    this.controls?.close();
    this.metrics?.close();
    this.store.close();
  }

  private status(): Status {
    const courses = [...this.courses.values()].map(({ publisher }) => publisher.status);
    const canary = this.canary?.status ?? null;
    return { version: 1, startedAt: this.startedAt, mount: this.mount.health, canary, courses };
  }

  private controlsOf(name: string): CourseControls | undefined {
    const course = this.courses.get(name);
    if (course === undefined) return undefined;
    const { publisher, loop } = course;
    return {
      approve: () => {
        const approved = publisher.approve();
        loop.wake();
        return { approved };
      },
      releases: () => publisher.rollback.list(),
      rollback: (release) => ({ release: publisher.rollback.show(release, false) }),
      pin: (release) => ({ release: publisher.rollback.show(release, true) }),
      unpin: () => {
        const release = publisher.rollback.unpin();
        loop.wake();
        return { release };
      },
      announce: (objects) => {
        for (const object of objects) publisher.announce(object);
        loop.wake();
        return {};
      },
      publish: () => {
        publisher.hurry();
        loop.wake();
        return {};
      },
    };
  }

  private stepped(name: string): void {
    const course = this.courses.get(name);
    if (course !== undefined) course.stepAt = performance.now();
  }

  private isAlive(): boolean {
    const longest = Math.max(STUCK_MS, this.options.config.pollSeconds * 2_000);
    return [...this.courses.values()].every(({ stepAt }) => performance.now() - stepAt < longest);
  }

  private writeSitePages(): void {
    const { config } = this.options;
    const courses = config.courses.map((course) => {
      const publisher = this.courses.get(course.name)?.publisher;
      return { ...course, published: publisher?.isPublished ?? false, updatedAt: publisher?.lastPublication?.at };
    });
    try {
      writeSitePages(config, courses);
    } catch (error) {
      this.options.journal.warn(`the start page can't be written: ${(error as Error).message}`);
    }
  }
}

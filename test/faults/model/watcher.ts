import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { COMPRESSED } from "../../../provisioning/publisher/src/names";
import { compressedForms } from "../../support/compressedForms";
import { UNTOUCHED } from "./sequence";
import type { StoredCourse } from "./storedCourse";

/** A look at the link is cheap; the files behind it, which should never change, are all read this often only. */
const LOOK_MS = 5;
const READ_MS = 100;

/** Looks at what visitors get, all the time, and remembers the first thing that should not be. */
export class Watcher {
  violation: string | undefined;
  /** The release that visitors must see, while one is pinned. */
  pinned: string | undefined;
  /** Set by a rollback: then older versions are what it is for. */
  mayGoBack = false;
  private readonly newestSeen = new Map<string, number>();
  private target = "";
  private readAt = 0;
  private stopped = false;

  /** @param link where the course is below the web root; published already */
  constructor(
    private readonly link: string,
    private readonly course: StoredCourse,
  ) {}

  /** Ends after `stop`, or with the first violation. */
  async run(): Promise<void> {
    while (!this.stopped && this.violation === undefined) {
      try {
        this.look();
      } catch (error) {
        this.violation = (error as Error).message;
      }
      await sleep(LOOK_MS);
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private look(): void {
    const target = fs.readlinkSync(this.link);
    const release = path.basename(path.dirname(target));
    if (this.pinned !== undefined && release !== this.pinned)
      throw new Error(`${release} is shown, but ${this.pinned} is pinned`);
    if (target === this.target && performance.now() - this.readAt < READ_MS) return;
    this.target = target;
    this.readAt = performance.now();
    const files = servedAt(this.link);
    for (const name of UNTOUCHED) if (!files.has(name)) throw new Error(`${name} is missing in ${release}`);
    for (const [name, content] of files) this.check(name, content, release);
  }

  private check(name: string, content: string, release: string): void {
    const versions = this.course.versionsOf(name);
    const said = `${name} is ${JSON.stringify(content.slice(0, 40))} in ${release}`;
    if (!versions.includes(content)) throw new Error(`${said}, which the store never had`);
    const newest = this.newestSeen.get(name) ?? 0;
    // Of versions that are alike (two that are empty), what is seen may be the oldest that is possible.
    const version = versions.indexOf(content, newest);
    if (version < 0 && !this.mayGoBack) throw new Error(`${said}, after a newer version had been published`);
    this.newestSeen.set(name, Math.max(version, newest));
  }
}

/** All files of one release, by name, as a visitor gets them who comes while it is the published one. */
export function servedAt(link: string): Map<string, string> {
  for (;;) {
    const target = fs.readlinkSync(link);
    try {
      return readFiles(target);
    } catch (error) {
      // One that has been left may be removed under the reader.
      if (fs.readlinkSync(link) === target) throw error;
    }
  }
}

function readFiles(root: string, below = "", files = new Map<string, string>()): Map<string, string> {
  compressedForms(path.join(root, below));
  for (const entry of fs.readdirSync(path.join(root, below))) {
    if (entry === COMPRESSED) continue;
    const name = below === "" ? entry : `${below}/${entry}`;
    // Links to folders are followed, as the web server does.
    if (fs.statSync(path.join(root, name)).isDirectory()) readFiles(root, name, files);
    else files.set(name, fs.readFileSync(path.join(root, name), "utf8"));
  }
  return files;
}

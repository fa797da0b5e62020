import { createHash } from "node:crypto";
import { count } from "../cli/lib/progress";
import type { SwiftClient } from "../swift/client";

/** Where the course is in the store; the names are the tutorial's. */
export const CONTAINER = "py4inf";
export const SOURCE = "py4inf_html";

const SMALLEST = 1024;
const LARGEST = 20 * 1024;
/** At the same time: more do not make the store faster. */
const UPLOADS = 8;
const PROGRESS_MS = 5_000;

/** A course of many pages. All of it follows from its size, so that each run measures the same. */
export class BenchCourse {
  /** The pages below {@link SOURCE}. */
  readonly pages: string[];
  /** How often each page was overwritten. */
  private readonly versions = new Map<string, number>();

  /** @param size number of pages */
  constructor(readonly size: number) {
    // The FUSE drivers and rclone get slow or wrong with more files in a folder than some thousand.
    const perFolder = Math.min(1000, Math.max(50, size / 100));
    this.pages = Array.from({ length: size }, (_, i) => {
      const folder = String(Math.floor(i / perFolder) + 1).padStart(3, "0");
      return `chapter-${folder}/page-${String(i + 1).padStart(6, "0")}.html`;
    });
  }

  /** The name of a page's object. */
  objectOf(page: string): string {
    return `${SOURCE}/${page}`;
  }

  /** What the store has of a page. */
  current(page: string): Buffer {
    return this.content(page, this.versions.get(page) ?? 0);
  }

  /** Whether the store has, or once had, a page like this. */
  had(page: string, content: Buffer): boolean {
    for (let version = this.versions.get(page) ?? 0; version >= 0; version--)
      if (this.content(page, version).equals(content)) return true;
    return false;
  }

  /** Stores all pages in their first version. */
  async seed(client: SwiftClient, say: (line: string) => void): Promise<void> {
    await client.createContainer(CONTAINER);
    const waiting = [...this.pages];
    let saidAt = Date.now();
    const upload = async () => {
      for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
        await this.store(client, page);
        if (Date.now() - saidAt < PROGRESS_MS) continue;
        saidAt = Date.now();
        say(`stored ${count(this.size - waiting.length)} of ${count(this.size)} objects`);
      }
    };
    await Promise.all(Array.from({ length: UPLOADS }, upload));
  }

  /** Overwrites a page by one of the same size and with other bytes. */
  async overwrite(client: SwiftClient, page: string): Promise<void> {
    this.versions.set(page, (this.versions.get(page) ?? 0) + 1);
    await this.store(client, page);
  }

  private async store(client: SwiftClient, page: string): Promise<void> {
    await client.put(CONTAINER, this.objectOf(page), this.current(page), { contentType: "text/html" });
  }

  private content(page: string, version: number): Buffer {
    const bytes = SMALLEST + Math.floor(fraction(page) * (LARGEST - SMALLEST));
    // Text in hexadecimal: two letters a byte.
    const text = createHash("shake256", { outputLength: Math.ceil(bytes / 2) }).update(`${page} ${version}`);
    return Buffer.from(text.digest("hex").slice(0, bytes));
  }
}

/** A number from 0 to 1 that follows from a text and looks like a random one. */
export function fraction(text: string): number {
  return createHash("md5").update(text).digest().readUInt32BE(0) / 2 ** 32;
}

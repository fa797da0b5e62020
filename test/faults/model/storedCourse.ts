import type { SwiftClient } from "../../../swift/client";
import type { SwiftError } from "../../../swift/errors";
import type { Size } from "./sequence";

/** The container that holds the segments of all large objects; created by whoever begins. */
export const SEGMENTS = "segments";

/** A course in the real store, written to past all faults, and what is known of it: the model that the site is compared with. */
export class StoredCourse {
  /** Every content that the store ever had under a name, oldest first. */
  private readonly versions = new Map<string, string[]>();
  private readonly stored = new Map<string, string>();
  private written = 0;

  /** @param prefix of the course's objects in the container */
  constructor(
    private readonly store: SwiftClient,
    readonly container: string,
    readonly prefix: string,
  ) {}

  async put(name: string, size: Size = "other"): Promise<void> {
    const content = this.next(name, size);
    await this.store.put(this.container, this.prefix + name, content);
  }

  /** As a static large object of two segments. */
  async putLarge(name: string): Promise<void> {
    const content = this.next(name, "other");
    const parts = [content.slice(0, 10), content.slice(10)];
    const manifest: { path: string }[] = [];
    for (const [at, part] of parts.entries()) {
      const segment = `${this.container}-${this.written}-${at}`;
      await this.store.put(SEGMENTS, segment, part);
      manifest.push({ path: `${SEGMENTS}/${segment}` });
    }
    const query = "multipart-manifest=put";
    await this.store.put(this.container, this.prefix + name, JSON.stringify(manifest), { query });
  }

  async delete(name: string): Promise<void> {
    if (!this.stored.delete(name)) return;
    await this.store.delete(this.container, this.prefix + name);
  }

  versionsOf(name: string): readonly string[] {
    return this.versions.get(name) ?? [];
  }

  /** What the site should come to: of a file and a folder of one name the folder wins, and empty folder names there are none. */
  get publishable(): Map<string, string> {
    const names = [...this.stored.keys()].filter((name) => !name.includes("//"));
    const isFolder = (name: string) => names.some((other) => other.startsWith(`${name}/`));
    return new Map([...this.stored].filter(([name]) => names.includes(name) && !isFolder(name)));
  }

  /** Names of which the store's own listing says otherwise than the model: then the store is at fault, not the site. */
  async unlisted(): Promise<string[]> {
    const listed = await this.store.list(this.container, this.prefix).catch((error: SwiftError) => {
      throw new Error(`the store can't be listed: ${error.message}`);
    });
    const names = new Set(listed.map((object) => object.name.slice(this.prefix.length)));
    return [
      ...[...this.stored.keys()].filter((name) => !names.has(name)),
      ...[...names].filter((name) => !this.stored.has(name)),
    ];
  }

  /** Known before it is sent: from then on the site may have it. */
  private next(name: string, size: Size): string {
    const mark = `${++this.written} `;
    const bytes = size === "same" ? (this.stored.get(name)?.length ?? 0) : 40 + ((this.written * 7919) % 3000);
    const content = size === "zero" ? "" : mark.padEnd(bytes, "x");
    this.stored.set(name, content);
    this.versions.set(name, [...this.versionsOf(name), content]);
    return content;
  }
}

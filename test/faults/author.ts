import { createHash } from "node:crypto";
import { eachOf } from "../../provisioning/publisher/src/pace";
import { SwiftClient } from "../../swift/client";
import { NEXT_USER } from "../support/courseHost";

/** The pages of a course, by name. */
export type Pages = Record<string, string>;

/** Whoever stores the courses: straight in the store, whatever becomes of the way there that the publisher has. */
export class Author {
  /** By `course/name`: what the store has or had there at any time, as MD5. */
  private readonly versions = new Map<string, Set<string>>();
  private client: SwiftClient | undefined;

  /**
   * Signs in as another user than the server, whose key is changed.
   * @param storePort of this machine's loopback
   */
  connect(storePort: number): void {
    this.client?.close();
    const authUrl = `http://127.0.0.1:${storePort}/auth/v1.0`;
    this.client = new SwiftClient({ auth: "v1", authUrl, ...NEXT_USER });
  }

  get store(): SwiftClient {
    if (this.client === undefined) throw new Error("the author has no way to the store");
    return this.client;
  }

  async put(course: string, name: string, text: string): Promise<void> {
    // Before it is stored: it may be on the site before the answer is here.
    this.note(course, name, md5(text));
    await this.store.put(course, name, text);
  }

  /** Stores them `atOnce` at a time, in their order. */
  async putAll(course: string, pages: Pages, atOnce = 8): Promise<void> {
    await eachOf(Object.entries(pages), atOnce, ([name, text]) => this.put(course, name, text));
  }

  async delete(course: string, name: string): Promise<void> {
    await this.store.delete(course, name);
  }

  /** What the store has of a course now: MD5s by name. */
  async list(course: string): Promise<Map<string, string>> {
    const objects = await this.store.list(course);
    return new Map(objects.map(({ name, hash }) => [name, hash]));
  }

  /** Whether the store has or had this version of a page. */
  everHad(course: string, name: string, hash: string): boolean {
    return this.versions.get(`${course}/${name}`)?.has(hash) ?? false;
  }

  /** Counts as stored what someone else has stored. */
  note(course: string, name: string, hash: string): void {
    const key = `${course}/${name}`;
    const versions = this.versions.get(key) ?? new Set();
    this.versions.set(key, versions.add(hash));
  }
}

export function md5(content: string | Buffer): string {
  return createHash("md5").update(content).digest("hex");
}

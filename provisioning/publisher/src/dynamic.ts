import type { SwiftClient } from "../../../swift/client";
import { SwiftError } from "../../../swift/errors";
import type { Source } from "./download";
import type { Files } from "./files";
import { dynamicEtagOf } from "./largeObject";
import { eachOf } from "./pace";

/** How often the dynamic large objects are looked at. */
const PERIOD_MS = 5_000;

/**
 * A dynamic large object (DLO) is a zero-byte object that names a prefix; its content is whatever lies below it.
 * When a segment changes, the listing of the object itself does not: so each is asked for its ETag from time to time.
 */
export class DynamicObjects {
  private checkedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: SwiftClient,
    private readonly source: Source,
    private readonly periodMs = PERIOD_MS,
  ) {}

  /** Marks those of the files as changed that have another content than the one published. @throws SwiftError */
  async check(files: Files): Promise<void> {
    if (performance.now() - this.checkedAt < this.periodMs) return;
    const dynamic = [...files.values()].filter(({ dynamicEtag }) => dynamicEtag !== undefined);
    await eachOf(dynamic, 4, async (version) => {
      const now = await this.etagOf(version.name);
      if (now !== undefined && now !== version.dynamicEtag) files.set(version.name, { ...version, dynamicEtag: now });
    });
    this.checkedAt = performance.now();
  }

  /** `undefined` where it is none any more: the next listing tells. */
  private async etagOf(name: string): Promise<string | undefined> {
    try {
      return dynamicEtagOf(await this.store.head(this.source.container, this.source.prefix + name));
    } catch (error) {
      if (error instanceof SwiftError && error.kind === "notFound") return undefined;
      throw error;
    }
  }
}

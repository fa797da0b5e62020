/**
 * What went wrong, as far as a caller has to tell it apart:
 *
 * - `outage`: the store gave no valid answer (refused, reset, timed out, 5xx, a page of HTML …); try again later;
 * - `auth`: the store answered, but not to these credentials;
 * - `notFound`: the store answered that the container or object is not there.
 */
export type SwiftErrorKind = "outage" | "auth" | "notFound";

/** An error in plain words, fit to be shown: it names the host and the container, never a key or a token. */
export class SwiftError extends Error {
  constructor(
    readonly kind: SwiftErrorKind,
    message: string,
    /** The HTTP status, where there was one. */
    readonly status?: number,
    /** True where nothing came within the time limit: a retry at once would wait as long again. */
    readonly timedOut = false,
  ) {
    super(message);
    this.name = "SwiftError";
  }
}

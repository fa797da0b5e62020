import type { Skipped } from "./files";
import type { MountHealth } from "./mount";

/** What `site-publisher status --json` prints. */
export interface Status {
  version: 1;
  /** ISO 8601, as all times here. */
  startedAt: string;
  mount: MountHealth;
  /** `null` where none is configured. */
  canary: CanaryStatus | null;
  courses: CourseStatus[];
}

/** What the canary has measured. */
export interface CanaryStatus {
  /** The last measurement's begin. */
  at: string | null;
  /** From 'the store has it' to 'the web server serves it'; `null` where that has failed. */
  latencySeconds: number | null;
  /** Since the service started. */
  failures: number;
  /** `null` once it is over. */
  lastError: string | null;
}

export interface CourseStatus {
  name: string;
  path: string;
  state: CourseState;
  /** The last complete listing. */
  lastListing: string | null;
  /** How far the site may be behind the store: since a look at the store left nothing to be published. */
  lagSeconds: number | null;
  lastPublication: Publication | null;
  /** The last 20, the newest last. */
  publications: Publication[];
  files: number;
  bytes: number;
  /** How far a fetch is that is under way. */
  fetching: { files: number; ofFiles: number; bytes: number; ofBytes: number } | null;
  /** Files that are gone from the store and stay on the site until `site-publisher approve`. */
  heldDeletions: number;
  /** Objects that can't be published, at most 100 of them. */
  skipped: Skipped[];
  /** Stays when it is over. */
  lastError: { at: string; message: string } | null;
}

/**
 * `waiting`: nothing is published yet, and there is nothing to publish. `outage`: the store gives no valid listing.
 * `rolled back`: visitors see an older release until the store changes; `pinned`: they see one whatever the store does.
 */
export type CourseState = "waiting" | "publishing" | "current" | "outage" | "rolled back" | "pinned";

/** One line of `site-publisher releases`. */
export interface ReleaseStatus {
  /** Its number, and when it was made. */
  id: string;
  /** Visitors see it. */
  shown: boolean;
  pinned: boolean;
}

export interface Publication {
  release: string;
  at: string;
  added: number;
  changed: number;
  deleted: number;
  /** From the listing's begin to the switch. */
  durationMs: number;
}

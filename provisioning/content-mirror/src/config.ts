import { type MassDeletion, readJson } from "../../publisher/src/config";

/** What `/etc/content-mirror/config.json` holds. */
export interface Config {
  /** Seconds between two comparisons of a course. */
  seconds: number;
  /** Deletions of more than this wait; the same rule as the publisher's. */
  massDeletion: MassDeletion;
  courses: MirroredCourse[];
}

/** One course. */
export interface MirroredCourse {
  name: string;
  /** Container in this region's store. */
  container: string;
  /** Container in the store that it is copied from. */
  from: string;
  /** Folder of the course in both; empty for all of it. */
  source: string;
}

/** @throws ConfigError */
export function loadConfig(file: string): Config {
  return readJson(file) as Config;
}

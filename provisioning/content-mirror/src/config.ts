import { readFileSync } from "node:fs";
import { parseCredentials, type SwiftCredentials } from "../../../swift/credentials";
import type { MassDeletion } from "../../publisher/src/config";

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

/** A file that the step has put here is not as it must be: in words, with its name and never with its content. */
export class ConfigError extends Error {}

/** @throws ConfigError */
export function loadConfig(file: string): Config {
  return readJson(file) as Config;
}

/** @throws ConfigError */
export function loadCredentials(file: string): SwiftCredentials {
  const result = parseCredentials(readJson(file));
  if ("problems" in result) throw new ConfigError(`${file}: ${result.problems.join("; ")}`);
  return result.credentials;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const { code = "not valid JSON" } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${file} can't be read (${code}); it is written by \`pulumi up\``);
  }
}

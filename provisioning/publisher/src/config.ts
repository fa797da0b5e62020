import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parseCredentials, type SwiftCredentials } from "../../../swift/credentials";
import { canaryCourse } from "./canary";
import type { SettleRule } from "./settling";

/** What `/etc/site-publisher/config.json` holds. */
export interface Config {
  /** What the web server serves. */
  webRoot: string;
  /** Where the releases lie: one folder a course. Must be on one file system. */
  releasesDir: string;
  /** What must outlive a restart, besides the releases. */
  stateDir: string;
  /** Where the containers are mounted. */
  mountDir: string;
  /** Seconds between two looks at a course: 0.1 to 3600. */
  pollSeconds: number;
  /** Releases kept of each course, the current one included: 1 to 100. */
  keepReleases: number;
  massDeletion: MassDeletion;
  /** Where Prometheus finds the metrics on the loopback: 1 to 65535; 0 for nowhere. */
  metricsPort: number;
  canary: Canary;
  siteTitle: string;
  /** Leads to the start page from any page of the site: `/`, or `//courses.example.org/` where courses have names of their own. */
  startLink: string;
  courses: Course[];
}

/** Deletions are held where they are over `percent` of a course AND over `files`, counted over the window. */
export interface MassDeletion {
  /** 0 to 100. */
  percent: number;
  /** 0 or more. */
  files: number;
  /** Deletions less than this apart are counted together: 1 to 604800 (a week). */
  windowSeconds: number;
}

/** Measures how long it takes from the store to the site. */
export interface Canary {
  /** Seconds between two measurements, up to 86400 (a day); 0: none is made. */
  seconds: number;
  /** For its object alone. */
  container: string;
}

export interface Course {
  /** Names its folder of releases and its state. */
  name: string;
  container: string;
  /** The folder in the container that is published; empty for all of it. No slash at either end. */
  source: string;
  /** Where it is on the site, below the web root. */
  path: string;
  /** Leads there from the start page: `/pi/`, or `//pi.courses.example.org/`. */
  link: string;
  title: string;
  description: string;
  /** The same on the English start page. */
  english: { title: string; description: string };
  settle: SettleRule;
}

/** Every problem of the configuration in one message. */
export class ConfigError extends Error {}

/** Reads both files. @throws ConfigError with every problem of both */
export function loadSettings(
  configFile: string,
  credentialsFile: string,
): { config: Config; credentials: SwiftCredentials } {
  const problems: string[] = [];
  const collect = <T>(load: () => T): T | undefined => {
    try {
      return load();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const config = collect(() => parseConfig(readJson(configFile), configFile));
  const credentials = collect(() => loadCredentials(credentialsFile));
  if (config === undefined || credentials === undefined) throw new ConfigError(problems.join("\n"));
  return { config, credentials };
}

/** Reads an object store's credentials. @throws ConfigError */
export function loadCredentials(file: string): SwiftCredentials {
  const result = parseCredentials(readJson(file));
  if ("problems" in result) throw configError(file, result.problems);
  return result.credentials;
}

/** @throws ConfigError with every problem: the key, what is allowed, what to do. */
export function parseConfig(value: unknown, file: string): Config {
  const problems: string[] = [];
  const root = new Fields(value, "", problems);
  const massDeletion = new Fields(root.take("massDeletion"), "massDeletion.", problems);
  const canary = new Fields(root.take("canary"), "canary.", problems);
  const courses = root.take("courses");
  const config: Config = {
    webRoot: root.absolutePath("webRoot"),
    releasesDir: root.absolutePath("releasesDir"),
    stateDir: root.absolutePath("stateDir"),
    mountDir: root.absolutePath("mountDir"),
    pollSeconds: root.number("pollSeconds", 0.1, 3600),
    keepReleases: root.integer("keepReleases", 1, 100),
    massDeletion: {
      percent: massDeletion.number("percent", 0, 100),
      files: massDeletion.integer("files", 0, 10_000_000),
      windowSeconds: massDeletion.number("windowSeconds", 1, 604_800),
    },
    metricsPort: root.integer("metricsPort", 0, 65_535),
    canary: { seconds: canary.number("seconds", 0, 86_400), container: canary.matching("container", ...CONTAINER) },
    siteTitle: root.text("siteTitle"),
    startLink: root.matching("startLink", ...LINK),
    courses: Array.isArray(courses) ? courses.map((course, i) => parseCourse(course, `courses[${i}].`, problems)) : [],
  };
  if (!Array.isArray(courses)) problems.push("courses: must be a list of courses");
  massDeletion.end();
  canary.end();
  root.end();
  const all = config.canary.seconds > 0 ? [...config.courses, canaryCourse(config.canary)] : config.courses;
  problems.push(...clashes(all));
  if (problems.length > 0) throw configError(file, problems);
  return config;
}

function parseCourse(value: unknown, where: string, problems: string[]): Course {
  const fields = new Fields(value, where, problems);
  const course: Course = {
    name: fields.matching(
      "name",
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
      "letters, digits, dot, dash, underscore; begins with a letter or digit",
    ),
    container: fields.matching("container", ...CONTAINER),
    source: fields.matching(
      "source",
      sourceFolder,
      'a folder in the container such as "py4inf_html", or "" for all of it; no slash at either end',
    ),
    path: fields.matching(
      "path",
      sitePath,
      'a path below the web root such as "py4inf"; no slash at either end, no part that begins with a dot',
    ),
    link: fields.matching("link", ...LINK),
    title: fields.text("title"),
    description: fields.text("description", true),
    english: parseEnglish(fields.take("english"), `${where}english`, problems),
    settle: parseSettleRule(fields.take("settle"), `${where}settle`, problems),
  };
  fields.end();
  return course;
}

function parseEnglish(value: unknown, where: string, problems: string[]): Course["english"] {
  const fields = new Fields(value, `${where}.`, problems);
  const english = { title: fields.text("title"), description: fields.text("description", true) };
  fields.end();
  return english;
}

function parseSettleRule(value: unknown, where: string, problems: string[]): SettleRule {
  const fields = new Fields(value, `${where}.`, problems);
  const rule = { seconds: fields.number("seconds", 0, 60), limitSeconds: fields.number("limitSeconds", 0, 3600) };
  fields.end();
  return rule;
}

const CONTAINER = [/^[^/\p{Cc}]{1,256}$/u, "a container's name: 1 to 256 characters without a slash"] as const;
const LINK = [
  /^\/(?:\S*\/)?$/,
  'a link such as "/pi/" or "//pi.courses.example.org/", with a slash at both ends',
] as const;
/** Parts that are neither empty nor `.` nor `..`. */
const sourceFolder = /^$|^(?!\.{1,2}(?:\/|$))[^/\p{Cc}]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[^/\p{Cc}]{1,255})*$/u;
/** As above; nor may one begin with a dot, for the web server denies those; nor be a page of the site's own. */
const sitePath = /^(?!(?:index|index\.en|404)\.html$)[^/.\p{Cc}][^/\p{Cc}]{0,99}(?:\/[^/.\p{Cc}][^/\p{Cc}]{0,99})*$/u;

/** Two courses may have neither one name nor paths one of which lies in the other. What is wrong in itself is empty here. */
function clashes(courses: Course[]): string[] {
  const problems: string[] = [];
  for (const [i, { name, path }] of courses.entries()) {
    for (const other of courses.slice(0, i)) {
      if (name !== "" && name === other.name)
        problems.push(`courses: "${name}" is there twice; each course needs its own name`);
      if (
        path !== "" &&
        other.path !== "" &&
        (`${path}/`.startsWith(`${other.path}/`) || `${other.path}/`.startsWith(`${path}/`))
      ) {
        problems.push(`courses: paths "${other.path}" and "${path}" overlap; give one of them another path`);
      }
    }
  }
  return problems;
}

/** Takes the fields out of an object, noting what is wrong with them. */
class Fields {
  private readonly fields: Map<string, unknown>;
  private readonly known: string[] = [];

  constructor(
    value: unknown,
    private readonly where: string,
    private readonly problems: string[],
  ) {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) problems.push(`${where.replace(/\.$/, "") || "the file"}: must be an object { … }`);
    this.fields = new Map(isObject ? Object.entries(value) : []);
  }

  take(key: string): unknown {
    this.known.push(key);
    const value = this.fields.get(key);
    this.fields.delete(key);
    return value;
  }

  text(key: string, mayBeEmpty = false): string {
    const value = this.take(key);
    if (typeof value === "string" && (mayBeEmpty || value !== "")) return value;
    this.problem(key, mayBeEmpty ? "a text" : "a text that is not empty");
    return "";
  }

  matching(key: string, pattern: RegExp, allowed: string): string {
    const value = this.take(key);
    if (typeof value === "string" && pattern.test(value)) return value;
    this.problem(key, allowed);
    return "";
  }

  absolutePath(key: string): string {
    const value = this.take(key);
    if (typeof value === "string" && path.isAbsolute(value) && path.normalize(value) === value && value !== "/")
      return value;
    this.problem(key, "an absolute path such as /var/www/html, without a slash at its end");
    return "/";
  }

  number(key: string, min: number, max: number): number {
    const value = this.take(key);
    if (typeof value === "number" && value >= min && value <= max) return value;
    this.problem(key, `a number from ${min} to ${max}`);
    return min;
  }

  integer(key: string, min: number, max: number): number {
    const value = this.take(key);
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    this.problem(key, `a whole number from ${min} to ${max}`);
    return min;
  }

  /** To be called last: what has not been taken is unknown. */
  end(): void {
    for (const key of this.fields.keys()) {
      this.problems.push(`${this.where}${key}: unknown key; known are ${this.known.join(", ")}`);
    }
  }

  private problem(key: string, allowed: string): void {
    this.problems.push(`${this.where}${key}: must be ${allowed}`);
  }
}

/** Reads a file that a step has put here. @throws ConfigError */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw configError(file, [
      `cannot be read (${(error as NodeJS.ErrnoException).code}); it is written by \`pulumi up\``,
    ]);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw configError(file, ["is not valid JSON"]);
  }
}

function configError(file: string, problems: string[]): ConfigError {
  return new ConfigError([`${file}:`, ...problems.map((problem) => `  ${problem}`)].join("\n"));
}

import { UserError } from "./errors";
import { CommandError, run } from "./run";

/** How the dev stack mounts the object store: the section `contentMount` of `.state/dev.yaml`. */
export type ContentMount = { driver: "cloudfuse"; repository: string } | { driver: "rclone" };

/** Name of a FUSE driver. */
export type Driver = ContentMount["driver"];

/** A choice, and why it was made. */
export interface Choice {
  contentMount: ContentMount;
  reason: string;
}

/** What the choice depends on. */
export interface Circumstances {
  /** `npm run up -- --driver …`: what the user asks for now. */
  driver?: Driver | undefined;
  /** XWMOOC_CLOUDFUSE_REPOSITORY: where the user has cloudfuse. */
  repository?: string | undefined;
  /** What an earlier `npm run up` has chosen. */
  recorded?: ContentMount | undefined;
  /** Tells why a repository can't be reached; undefined if it can. */
  unreachable: (repository: string) => Promise<string | undefined>;
}

const DEFAULT_REPOSITORY = "https://github.com/redbo/cloudfuse.git";

/** Seconds that a repository has to answer. */
const REACH_SECONDS = 8;

/**
 * Chooses the FUSE driver of the stack `dev`: cloudfuse as in the regions, or rclone where cloudfuse's repository can't be reached.
 * A choice once made stays, whatever the network does later, until the user asks for another one.
 * @throws UserError when cloudfuse is asked for and can't be had.
 */
export async function chooseContentMount({
  driver,
  repository,
  recorded,
  unreachable,
}: Circumstances): Promise<Choice> {
  if (driver === "rclone") return { contentMount: { driver }, reason: "as asked for by --driver" };

  const recordedRepository = recorded?.driver === "cloudfuse" ? recorded.repository : undefined;
  const wanted = repository ?? recordedRepository ?? DEFAULT_REPOSITORY;
  const settled = driver === undefined && (repository === undefined || repository === recordedRepository);
  if (recorded && settled) {
    return { contentMount: recorded, reason: "as chosen by an earlier `npm run up`; --driver chooses anew" };
  }

  const problem = await unreachable(wanted);
  if (problem === undefined) {
    return { contentMount: { driver: "cloudfuse", repository: wanted }, reason: `${wanted} can be reached` };
  }
  if (wanted === recordedRepository) {
    return { contentMount: { driver: "cloudfuse", repository: wanted }, reason: `as before, although ${problem}` };
  }
  if (driver === "cloudfuse") {
    throw new UserError(
      `--driver cloudfuse: ${problem}. Name a repository that can be reached in XWMOOC_CLOUDFUSE_REPOSITORY, or use --driver rclone.`,
    );
  }
  return { contentMount: { driver: "rclone" }, reason: `${problem}, so cloudfuse can't be built` };
}

/** Asks a git repository for its head; the web server must be able to do the same, so files of this machine don't count. */
export async function whyUnreachable(repository: string): Promise<string | undefined> {
  const url = URL.canParse(repository) ? new URL(repository) : undefined;
  if (!url || !["http:", "https:", "git:"].includes(url.protocol)) {
    return `${repository} is not an http(s):// or git:// URL, which the web server could reach`;
  }
  if (/^(localhost|127\.|\[::1\])/.test(url.hostname)) {
    return `${repository} is on this machine's loopback address, which the web server can't reach (use 10.77.0.1)`;
  }
  try {
    await run("git", ["ls-remote", "--exit-code", repository, "HEAD"], {
      timeoutSeconds: REACH_SECONDS,
      // A password prompt is not an answer.
      env: { GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "true" },
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.reason === "missing") return "git is not installed on this machine";
    return `${repository} can't be reached${error.reason === "timeout" ? ` within ${REACH_SECONDS} s` : ""}`;
  }
}

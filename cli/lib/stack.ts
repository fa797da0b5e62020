import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { ServerOutput } from "../../components/datacenter";
import type { DnsRecord } from "../../components/siteNames";
import type { Toolchain } from "../../toolchain/ensure";
import { UserError } from "./errors";
import { BACKEND, ROOT } from "./paths";
import { CommandError, type RunOptions, run } from "./run";

/** The stack that belongs to the dev cloud; its backend and passphrase are fixed, whatever those of the regions are. */
export const DEV = "dev";

/** Encrypts the dev cloud's documented credentials and the stack's own keys; keeps nothing secret from anybody with this repository. */
const DEV_PASSPHRASE = "xwmooc-dev";

const DEV_BACKEND_URL = `file://${BACKEND}`;

/** Where an access token alone leads to. */
const PULUMI_CLOUD = "https://api.pulumi.com";

/** Pulumi's name of the project (Pulumi.yaml). */
export const PROJECT = "xwmooc";

type Environment = Record<string, string | undefined>;

/** Whether this is the stack of the dev cloud, by either of the names that Pulumi gives it. */
export function isDev(stack: string | undefined): boolean {
  return stack === DEV || stack === `organization/${PROJECT}/${DEV}`;
}

/**
 * Variables for the Pulumi CLI: the toolchain's own, our defaults where the user has set nothing, and for the stack `dev` its
 * backend and passphrase.
 * @param stack undefined where the command concerns no stack.
 */
export function pulumiEnvironment(
  stack: string | undefined,
  toolchain: Record<string, string>,
  user: Environment = process.env,
): Record<string, string> {
  const quiet = user.PULUMI_SKIP_UPDATE_CHECK === undefined && { PULUMI_SKIP_UPDATE_CHECK: "true" };
  const fixed = { PULUMI_BACKEND_URL: DEV_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE: DEV_PASSPHRASE };
  return { ...toolchain, ...quiet, ...(isDev(stack) && fixed) };
}

/** Makes the folder of the dev stack's backend, readable by its owner only: the state holds encrypted keys. */
export function makeDevBackend(): void {
  mkdirSync(BACKEND, { recursive: true, mode: 0o700 });
}

/** Options of Pulumi whose next word is not a name of a stack, where one is an argument. */
const OPTIONS_WITH_VALUE = [
  "--copy-config-from",
  "--secrets-provider",
  "--teams",
  "--config-file",
  "--cwd",
  "-C",
  "--color",
];

/**
 * The stack that a Pulumi command line is about: an option, an argument of `stack init|select|rm`, else the one selected.
 * @param backend see {@link userBackend}: what asks it for its stacks, or for the name of a new one, is about none of ours.
 */
export function stackOfCommandLine(
  args: string[],
  selected: string | undefined,
  backend: string | undefined,
): string | undefined {
  if (["login", "logout", "plugin", "version", "help"].includes(args[0] ?? "")) return undefined;
  for (const [index, arg] of args.entries()) {
    if (arg === "--") break;
    if (arg === "--stack" || arg === "-s") return args[index + 1];
    const joined = /^(?:--stack=|-s=?)(.+)$/.exec(arg);
    if (joined) return joined[1];
  }
  const words = args.filter((arg, i) => !arg.startsWith("-") && !OPTIONS_WITH_VALUE.includes(args[i - 1] ?? ""));
  if (words[0] === "stack" && ["init", "select", "rm"].includes(words[1] ?? "") && words[2]) return words[2];
  if (words[0] === "stack" && ["init", "select", "ls"].includes(words[1] ?? "") && backend) return undefined;
  if (words[0] === "cancel" && words[1]) return words[1];
  return selected;
}

/** The folder of the Pulumi CLI's own files. */
function pulumiHome(toolchain: Record<string, string>, user: Environment): string {
  return toolchain.PULUMI_HOME ?? user.PULUMI_HOME ?? join(homedir(), ".pulumi");
}

/** The backend that the user's stacks are kept in, found where Pulumi looks for it; undefined where nobody is logged in. */
export function userBackend(toolchain: Record<string, string>, user: Environment = process.env): string | undefined {
  const credentials = toolchain.PULUMI_CREDENTIALS_PATH ?? user.PULUMI_CREDENTIALS_PATH ?? pulumiHome(toolchain, user);
  const project = parse(readFileSync(join(ROOT, "Pulumi.yaml"), "utf8")) as { backend?: { url?: string } };
  const backend =
    user.PULUMI_BACKEND_URL ||
    project.backend?.url ||
    readJson<{ current?: string }>(join(credentials, "credentials.json"))?.current ||
    (user.PULUMI_ACCESS_TOKEN && PULUMI_CLOUD);
  return backend || undefined;
}

/** What to do where nobody is logged in. */
export const LOG_IN = [
  "Pulumi is not logged in, so it does not know where the state of the regions' stacks is. Log in once:",
  "  npm run pulumi -- login                   Pulumi Cloud",
  "  npm run pulumi -- login file://FOLDER     a folder of this machine",
  "  npm run pulumi -- login 's3://BUCKET?...' a bucket, also one of Swift",
  "or name it in PULUMI_BACKEND_URL: docs/operations.md, Where the state is kept.",
].join("\n");

/**
 * The stack selected for this clone (`pulumi stack select`) in the backend the user is logged in to; else the one in our own
 * backend, which is `dev` after the first `npm run up`.
 */
export function selectedStack(toolchain: Record<string, string>, user: Environment = process.env): string | undefined {
  if (user.PULUMI_STACK) return user.PULUMI_STACK;
  const login = userBackend(toolchain, user);
  const key = createHash("sha1").update(join(ROOT, "Pulumi.yaml")).digest("hex");
  const workspace = join(pulumiHome(toolchain, user), "workspaces", `${PROJECT}-${key}-workspace.json`);
  const stacks = readJson<{ stacks?: Record<string, string> }>(workspace)?.stacks ?? {};
  return (login && stacks[login]) || stacks[DEV_BACKEND_URL];
}

function readJson<Content>(file: string): Content | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Content) : undefined;
}

/** What the Pulumi program of a stack gives out (index.ts). */
export interface StackOutputs {
  siteUrl: string;
  courseUrls: Record<string, string>;
  containers: Record<string, string>;
  address: string;
  sshUser: string;
  sshHostKey: string;
  /** Secret. */
  sshPrivateKey: string;
  /** Undefined where the last `up` was made when there was one server only. */
  servers?: ServerOutput[];
  uploadUrls?: string[];
  uploadHostKey?: string;
  mirrorOf?: string;
  dnsRecords?: DnsRecord[];
  dnsZone?: string;
}

/** A stack, through the Pulumi CLI. */
export class Stack {
  readonly env: Record<string, string>;

  constructor(
    readonly name: string,
    readonly toolchain: Toolchain,
  ) {
    this.env = pulumiEnvironment(name, toolchain.env);
  }

  /** Its name in the backend's organisation and project: tokyo2 for ACME/xwmooc/tokyo2. */
  get shortName(): string {
    return this.name.split("/").at(-1) ?? this.name;
  }

  /** @throws UserError where nobody is logged in, so that the stack's state can't be found. */
  requireLogin(): void {
    if (!isDev(this.name) && !userBackend(this.toolchain.env)) throw new UserError(LOG_IN);
  }

  /**
   * Runs a Pulumi command on this stack without questions and returns its standard output.
   * @throws CommandError with Pulumi's own message; UserError where nobody is logged in.
   */
  async pulumi(args: string[], options: RunOptions = {}): Promise<string> {
    this.requireLogin();
    return await run(this.toolchain.pulumi, [...args, "--stack", this.name, "--non-interactive"], {
      cwd: ROOT,
      // Pulumi finishes what is in flight on SIGINT; on SIGTERM it would leave a lock and half-known resources.
      stopSignal: "SIGINT",
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  /** The stack's outputs, secrets included; undefined before its first `up`. */
  async outputs(): Promise<StackOutputs | undefined> {
    const outputs = await this.json<Partial<StackOutputs>>(["stack", "output", "--json", "--show-secrets"]);
    return outputs.address === undefined ? undefined : (outputs as StackOutputs);
  }

  /** The configuration that a file has for the stack, secrets decrypted. */
  async config(file: string): Promise<Record<string, { value: string; secret: boolean }>> {
    return await this.json(["config", "--json", "--show-secrets", "--config-file", file]);
  }

  /**
   * Runs a Pulumi command that answers in JSON.
   * @throws UserError when there is no such stack.
   */
  async json<Answer>(args: string[]): Promise<Answer> {
    try {
      return JSON.parse(await this.pulumi(args)) as Answer;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (!/no stack named/.test(error.tail)) throw error;
      const remedy = isDev(this.name) ? "run `npm run up` first" : `see \`npm run pulumi -- stack ls\``;
      throw new UserError(`There is no stack "${this.name}": ${remedy}.`);
    }
  }
}

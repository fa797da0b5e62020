import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { visit } from "../../../cli/lib/visit";
import { swiftCredentials } from "../../../components/hostFiles";
import { parseConfig } from "../../../config/parse";
import { SwiftClient } from "../../../swift/client";
import { rawConfig } from "../../support/stack";

/** The repository. */
export const ROOT = join(__dirname, "..", "..", "..");

/** What a finished command left. */
export interface Finished {
  code: number;
  /** Standard output and error as they came. */
  output: string;
}

/** Runs a command of the README in the repository; its output is shown as it comes. */
export function run(
  command: string,
  args: string[] = [],
  stdin = "",
  env: Record<string, string> = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
        process.stdout.write(chunk);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
    child.stdin.end(stdin);
  });
}

/** Runs a command and expects it to succeed. */
export async function ok(command: string, args: string[] = [], stdin = "", env = {}): Promise<string> {
  const { code, output } = await run(command, args, stdin, env);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output.slice(-4000)}`);
  return output;
}

/** `npm run SCRIPT -- ARGS`. */
export const npm = (script: string, ...args: string[]) => ok("npm", ["run", "--silent", script, "--", ...args]);
/** `npm run pulumi -- ARGS --stack dev`. */
export const pulumi = (...args: string[]) => npm("pulumi", ...args, "--stack", "dev");
/** A command on the web server. */
export const onServer = (command: string) => npm("ssh", "--stack", "dev", command);
/** A command in the dev cloud's container. */
export const inCloud = (...command: string[]) => ok("devcloud/devcloud", ["exec", ...command]);

/** The typed outputs of the stack. */
export interface Outputs {
  siteUrl: string;
  courseUrls: Record<string, string>;
  containers: Record<string, string>;
  address: string;
  servers: { name: string; address: string }[];
  sshHostKey: string;
  uploadHostKey: string;
}

/** The outputs of stack dev. */
export const outputs = async (): Promise<Outputs> => readOutputs(await pulumi("stack", "output", "--json"));

/** What `pulumi stack output --json` has printed. */
export function readOutputs(text: string): Outputs {
  return JSON.parse(text.slice(text.indexOf("{"))) as Outputs;
}

/** The committed configuration of stack dev. */
export const config = parseConfig(rawConfig("dev"));

/** Edits a stack's file as an operator does. */
export function editStackFile<Config>(stack: string, edit: (config: Config) => void): void {
  const file = join(ROOT, `Pulumi.${stack}.yaml`);
  const whole = parse(readFileSync(file, "utf8")) as { config: Config };
  edit(whole.config);
  writeFileSync(file, stringify(whole, { lineWidth: 0 }));
}

/** A client of the dev store, as its own user. @param apiKey Default: the committed key. */
export function store(apiKey = "SLDEV-key"): SwiftClient {
  return new SwiftClient(swiftCredentials({ ...config.objectStore, apiKey } as typeof config.objectStore));
}

/** MD5 in hex. */
export const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

/** What the site answers. */
export const get = (url: string) => visit(url);

/**
 * Waits until something holds and gives the milliseconds it took.
 * @param limit Seconds after which it counts as failed.
 */
export async function until(what: string, limit: number, holds: () => Promise<boolean>): Promise<number> {
  const begin = Date.now();
  for (;;) {
    if (await holds().catch(() => false)) return Date.now() - begin;
    if (Date.now() - begin > limit * 1000) throw new Error(`not within ${limit} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Does something for each item, a few at a time. */
export async function each<T>(items: T[], concurrency: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

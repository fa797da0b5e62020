import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { UserError } from "./errors";
import { Interrupted, interruption, signalGroup, stopWithUs } from "./interruption";

/** How to run a program. */
export interface RunOptions {
  /** Working directory. Default: the current one. */
  cwd?: string;
  /** Variables on top of the current environment. Default: none. */
  env?: Record<string, string>;
  /** Gets each line of standard output and error as it comes. Default: nobody; a failure shows the last lines. */
  onLine?: (line: string) => void;
  /** What a failure means for the user, instead of the program's name, exit code and last lines. */
  failure?: string;
  /** Seconds until the program is killed. Default: no limit. */
  timeoutSeconds?: number;
  /** What the program reads from its standard input. Default: nothing. */
  input?: string;
  /** Signal that makes the program end in good order. Default: SIGTERM. */
  stopSignal?: NodeJS.Signals;
}

/** A program failed, was not found or took too long. */
export class CommandError extends UserError {
  constructor(
    message: string,
    /** Last lines of standard error, or of standard output where that is empty. */
    readonly tail: string,
    readonly reason: "failed" | "missing" | "timeout",
  ) {
    super(message);
    this.name = "UserError";
  }
}

/** Seconds that output may still come after the program has ended. */
const LEFT_OUTPUT_SECONDS = 1;

/** Lines of output that an error message repeats. */
const TAIL_LINES = 12;

/**
 * Runs a program to its end, in a process group of its own, and returns its standard output.
 * @throws CommandError with the last lines of its output; Interrupted when the user stopped us.
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  interruption.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  // A program that does not read to the end of it says by its exit code what is wrong.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  stopWithUs(child, options.stopSignal ?? "SIGTERM");

  const stdout: string[] = [];
  const stderr: string[] = [];
  for (const [stream, lines] of [
    [child.stdout, stdout],
    [child.stderr, stderr],
  ] as const) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      options.onLine?.(line);
    });
  }

  let timedOut = false;
  const timer = options.timeoutSeconds
    ? setTimeout(() => {
        timedOut = true;
        signalGroup(child, "SIGKILL");
      }, options.timeoutSeconds * 1000)
    : undefined;
  child.once("exit", () => {
    // What the program has left running may keep its output open.
    setTimeout(
      () => [child.stdout, child.stderr].map((stream) => stream.destroy()),
      LEFT_OUTPUT_SECONDS * 1000,
    ).unref();
  });
  const name = command.split("/").at(-1) ?? command;
  const outcome = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "ENOENT"
          ? new CommandError(`The program "${name}" is not installed.`, "", "missing")
          : new CommandError(`"${name}" can't be started: ${error.message}`, "", "failed"),
      );
    });
    child.once("close", (code, signal) => resolve({ code, signal }));
  }).finally(() => clearTimeout(timer));

  if (interruption.aborted) throw new Interrupted();
  if (outcome.code === 0) return stdout.join("\n");
  const tail = (stderr.length > 0 ? stderr : stdout).slice(-TAIL_LINES).join("\n");
  if (options.failure) throw new CommandError(options.failure, tail, timedOut ? "timeout" : "failed");
  const shown = options.onLine ? "" : `\n${tail}`;
  if (timedOut)
    throw new CommandError(`${name} took longer than ${options.timeoutSeconds} s.${shown}`, tail, "timeout");
  const how = outcome.signal ? `was ended by ${outcome.signal}` : `failed (exit code ${outcome.code})`;
  throw new CommandError(`${[name, ...subcommand(args)].join(" ")} ${how}.${shown}`, tail, "failed");
}

/** The words before the first option: enough to tell which command it was, and never a secret. */
function subcommand(args: string[]): string[] {
  const end = args.findIndex((arg) => !/^[a-z][a-z-]*$/.test(arg));
  return args.slice(0, end < 0 ? args.length : end);
}

/**
 * Runs a program in the foreground: it has the terminal, and the user's Ctrl-C.
 * @returns its exit code (128 + number of the signal that ended it).
 * @throws CommandError when it can't be started.
 */
export async function runInForeground(command: string, args: string[], env: Record<string, string>): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  // The terminal sends Ctrl-C to the child as well as to us: passing it on would count as the second one, on which Pulumi
  // gives up without cleaning up. Without a terminal, a signal comes to us alone.
  const passOn = (signal: NodeJS.Signals) => {
    if (signal !== "SIGINT" || !hasTerminal()) child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, passOn);
  return await new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const name = command.split("/").at(-1);
      reject(new CommandError(`The program "${name}" can't be started: ${error.code}`, "", "missing"));
    });
    child.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGKILL" ? 9 : 15)),
    );
  });
}

/** Whether a terminal's Ctrl-C reaches our process group: proc(5), fields pgrp and tpgid of stat. */
function hasTerminal(): boolean {
  const stat = "/proc/self/stat";
  if (!existsSync(stat)) return process.stdin.isTTY;
  const [, , group, , , foregroundGroup] = readFileSync(stat, "utf8").split(") ")[1]?.split(" ") ?? [];
  return group === foregroundGroup;
}

import { spawn } from "node:child_process";

/** How a program ended and what it wrote. */
export interface Result {
  /** Exit status; `undefined` if it could not be started, was killed, or took too long. */
  status: number | undefined;
  stdout: string;
  stderr: string;
}

/** Options of {@link run}. */
export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Time limit in milliseconds. @default none */
  timeoutMs?: number;
  /** Called with each piece of standard error as it comes. */
  onStderr?: (text: string) => void;
}

/** Runs a program to its end. Never rejects: a program that is missing or hangs is a result too. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve) => {
    const { cwd, env, timeoutMs, onStderr } = options;
    const child = spawn(program, args, {
      cwd,
      env,
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      onStderr?.(text);
    });
    child.on("error", (error) => resolve({ status: undefined, stdout, stderr: error.message }));
    child.on("close", (status) => resolve({ status: status ?? undefined, stdout, stderr }));
  });
}

/** The last lines of a text: where programs say what went wrong. */
export function tail(text: string, lines = 15): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/** An error that the user can do something about: printed as one message, without a stack. */
export class UserError extends Error {
  /**
   * @param message what is wrong and what to do about it; never a secret.
   * @param exitCode of the process. Default: 1.
   */
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = "UserError";
  }
}

/** Errors of other parts of the project whose messages are written for users too. */
const READABLE = ["CloudError", "ConfigError", "SwiftError"];

/** The message for the user: one of ours as it is, anything else marked as unexpected. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return `Unexpected: ${String(error)}`;
  if (process.env.XWMOOC_DEBUG === "1") return error.stack ?? error.message;
  if (error instanceof UserError || READABLE.includes(error.name)) return error.message;
  return [
    `Unexpected: ${error.message.split("\n")[0]}`,
    "This is a bug of the project: run the command again with XWMOOC_DEBUG=1 and report its output.",
  ].join("\n");
}

/**
 * Runs a command's main function, prints its error and ends the process with the exit code.
 * @param main returns the exit code; nothing means 0.
 */
export function runMain(main: () => Promise<number | undefined>): void {
  main().then(
    (code) => process.exit(code ?? 0),
    (error: unknown) => {
      process.stderr.write(`${describe(error)}\n`);
      process.exit(error instanceof UserError ? error.exitCode : 1);
    },
  );
}

import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UserError } from "./errors";

/** A person at a terminal. */
export interface Terminal {
  /** Asks one thing. @throws UserError when the person leaves (Ctrl-C, Ctrl-D) */
  ask(text: string): Promise<string>;
  /** Asks for a secret: what is typed does not show. @throws UserError when the person leaves */
  askSecret(text: string): Promise<string>;
  close(): void;
}

/** The terminal that the command runs in; undefined where there is none. */
export function openTerminal(): Terminal | undefined {
  if (!process.stdin.isTTY) return undefined;
  let hidden = false;
  const output = new Writable({
    write(chunk, encoding, done) {
      if (!hidden) process.stdout.write(chunk, encoding);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const left = new AbortController();
  lines.once("close", () => left.abort());
  const question = async (text: string) => {
    try {
      return await lines.question(text, { signal: left.signal });
    } catch {
      throw new UserError("\nNot answered.", 130);
    }
  };
  return {
    ask: question,
    async askSecret(text) {
      process.stdout.write(text);
      hidden = true;
      try {
        return await question("");
      } finally {
        hidden = false;
        process.stdout.write("\n");
      }
    },
    close: () => lines.close(),
  };
}

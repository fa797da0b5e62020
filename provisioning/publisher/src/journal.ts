/** Writes to the journal; one line an event, in plain words. */
export interface Journal {
  /** What an operator may want to look up later. */
  info(message: string): void;
  /** What keeps something from being published. */
  warn(message: string): void;
  /** What only someone who searches for a fault wants to know. */
  debug(message: string): void;
}

/** Lines on standard output. Below systemd they carry their level, which its journal takes off again. */
export const journal: Journal = {
  info: (message) => print(6, message),
  warn: (message) => print(4, message),
  debug: (message) => print(7, message),
};

const belowSystemd = process.env.JOURNAL_STREAM !== undefined;

function print(level: number, message: string): void {
  const line = oneLine(message);
  if (belowSystemd) process.stdout.write(`<${level}>${line}\n`);
  else if (level < 7) process.stdout.write(`${line}\n`);
}

/** Names come from the store: a newline or an escape sequence in one must not forge a line nor reach a terminal. */
export function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** With one digit behind the point. */
export function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1);
}

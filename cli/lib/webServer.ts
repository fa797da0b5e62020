import { run } from "./run";
import { type Login, withSshLogin } from "./ssh";

/** Seconds for the answers over SSH: an emulated server with much to do takes long to log in to. */
const ANSWER_SECONDS = 90;

/** What a command on the web server has printed, and its exit code. */
export interface Answer {
  code: number;
  text: string;
}

/** Why there is no answer of use. */
export function noAnswer({ code, text }: Answer): string {
  return text || `it gives no answer (exit code ${code})`;
}

/** The value in a line NAME=VALUE of an answer; undefined where there is none. */
export function lineOf({ text }: Answer, name: string): string | undefined {
  return new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1];
}

const BEGIN = "--- begin ";
const END = "--- end ";

/** Runs several commands on a web server in one login. @throws CommandError when the server does not answer */
export async function askWebServer(login: Login, commands: Record<string, string>): Promise<Record<string, Answer>> {
  const output = await withSshLogin(login, (args) =>
    run("ssh", [...args, scriptOf(commands)], { timeoutSeconds: ANSWER_SECONDS }),
  );
  return answersOf(output);
}

/** A shell script that runs the commands, each by itself. */
export function scriptOf(commands: Record<string, string>): string {
  return Object.entries(commands)
    .map(([name, command]) => `echo '${BEGIN}${name}'; { ${command}; } 2>&1; printf '\\n%s\\n' "${END}$?"`)
    .join("\n");
}

/** The answers in what the script has printed, by the commands' names. */
export function answersOf(output: string): Record<string, Answer> {
  const parts = output.matchAll(new RegExp(`^${BEGIN}(.+)\n([\\s\\S]*?)\n?^${END}(\\d+)$`, "gm"));
  return Object.fromEntries(
    [...parts].map(([, name = "", text = "", code]) => [name, { code: Number(code), text: text.trim() }]),
  );
}

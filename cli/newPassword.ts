// npm run new-password -- NAME: another password for an author, which is shown once.
import { parseArguments, usageError } from "./lib/arguments";
import { accountPath, newHash, newPassword } from "./lib/authorAccount";
import { changeConfig } from "./lib/configChange";
import { runMain, UserError } from "./lib/errors";
import { listenForInterruption } from "./lib/interruption";
import { DEV } from "./lib/stack";
import { loadStackConfig } from "./lib/stackConfig";
import { stackNamed } from "./lib/toolchain";

const USAGE = `Usage: npm run new-password -- NAME [--stack STACK]

Gives an account of the upload gateway another password; \`pulumi up\` brings it to the server, and the old one opens nothing any more.
The password is made here and shown once; only its hash is kept, encrypted.
  --stack STACK  (default: dev)`;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, { stack: { type: "string", default: DEV } });
  const [name, ...more] = positionals;
  if (name === undefined) throw usageError("NAME is needed.", USAGE);
  if (more.length > 0) throw usageError(`"${more[0]}" is too much.`, USAGE);

  listenForInterruption();
  const stack = await stackNamed(values.stack);
  const names = (await loadStackConfig(stack)).uploadGateway?.accounts.map((account) => account.name) ?? [];
  if (!names.includes(name)) {
    const there = names.length > 0 ? `There are: ${names.join(", ")}` : "There is none";
    throw new UserError(`Stack ${stack.name} has no account "${name}". ${there}; a new one: npm run new-author`);
  }
  const password = newPassword();
  const path = `${accountPath(names.indexOf(name))}.passwordHash`;
  await changeConfig(stack, (set) => set(path, newHash(password), "secret"));
  process.stdout.write(
    [
      `Account ${name} of stack ${stack.name} has another password (shown this once): ${password}`,
      `Next: npm run pulumi -- up --stack ${stack.name}`,
      "",
    ].join("\n"),
  );
  return 0;
});

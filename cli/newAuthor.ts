// npm run new-author -- NAME --course COURSE…: an account for an author, with a password that is shown once.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { PUBLIC_KEY } from "../config/uploadGateway";
import { parseArguments, usageError } from "./lib/arguments";
import { accountPath, newHash, newPassword } from "./lib/authorAccount";
import { changeConfig } from "./lib/configChange";
import { runMain, UserError } from "./lib/errors";
import { listenForInterruption } from "./lib/interruption";
import { DEV } from "./lib/stack";
import { findCourse, loadStackConfig } from "./lib/stackConfig";
import { stackNamed } from "./lib/toolchain";

const RIGHTS = ["read", "upload", "delete"];

const USAGE = `Usage: npm run new-author -- NAME --course COURSE [--course COURSE]… [--right RIGHT]… [--key FILE] [--from CIDR]… [--stack STACK]

Adds an account of the upload gateway to the configuration of a stack; \`pulumi up\` brings it to the server. The password is
made here and shown once; only its hash is kept, encrypted.
  --course COURSE  a course that the author may change
  --right RIGHT    ${RIGHTS.join(", ")} (default: all)
  --key FILE       SSH public key for SFTP, instead of a password
  --from CIDR      another network that authors come from: needed for the first account (0.0.0.0/0 for everywhere)
  --stack STACK    (default: dev)`;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    course: { type: "string", multiple: true, default: [] },
    right: { type: "string", multiple: true, default: [] },
    key: { type: "string" },
    from: { type: "string", multiple: true, default: [] },
    stack: { type: "string", default: DEV },
  });
  const [name, ...more] = positionals;
  if (name === undefined || values.course.length === 0) throw usageError("NAME and --course are needed.", USAGE);
  if (more.length > 0) throw usageError(`"${more[0]}" is too much.`, USAGE);
  const unknown = values.right.find((right) => !RIGHTS.includes(right));
  if (unknown !== undefined) throw usageError(`--right ${unknown} is unknown: give ${RIGHTS.join(", ")}.`, USAGE);

  listenForInterruption();
  const stack = await stackNamed(values.stack);
  const config = await loadStackConfig(stack);
  for (const course of values.course) findCourse(config.courses, course);
  if (config.mirror)
    throw new UserError(
      `Stack ${stack.name} is a mirror: authors upload in the region of ${config.mirror.from.authUrl}.`,
    );
  const gateway = config.uploadGateway;
  if (gateway?.accounts.some((account) => account.name === name))
    throw new UserError(
      `There is an account "${name}" already, see Pulumi.${stack.name}.yaml; another password: npm run new-password -- ${name} --stack ${stack.name}`,
    );
  if (!gateway && values.from.length === 0)
    throw usageError("The stack has no upload gateway yet: --from says who may reach it.", USAGE);

  const { allowedFrom = [], accounts = [] } = gateway ?? {};
  const account = accountPath(accounts.length);
  const newNetworks = values.from.filter((cidr) => !allowedFrom.includes(cidr));
  const key = values.key === undefined ? undefined : publicKey(values.key);
  const password = key === undefined ? newPassword() : undefined;
  process.stdout.write(`Adding account ${name} to Pulumi.${stack.shortName}.yaml ...\n`);
  await changeConfig(stack, async (set) => {
    const setAll = async (path: string, begin: number, list: string[]) => {
      for (const [i, value] of list.entries()) await set(`${path}[${begin + i}]`, value);
    };
    await setAll("xwmooc:uploadGateway.allowedFrom", allowedFrom.length, newNetworks);
    await set(`${account}.name`, name);
    await setAll(`${account}.courses`, 0, values.course);
    await setAll(`${account}.rights`, 0, values.right);
    if (key !== undefined) await set(`${account}.keys[0]`, key);
    if (password !== undefined) await set(`${account}.passwordHash`, newHash(password), "secret");
  });
  process.stdout.write(
    [
      `Account ${name} of stack ${stack.name}: ${values.course.join(", ")}.`,
      ...(password === undefined ? [] : [`Password (shown this once): ${password}`]),
      `Next: npm run pulumi -- up --stack ${stack.name}, then npm run upload-site -- --stack ${stack.name}`,
      "",
    ].join("\n"),
  );
  return 0;
});

function publicKey(file: string): string {
  // npm runs us in the project's folder, wherever the user is.
  const path = resolve(process.env.INIT_CWD ?? "", file);
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new UserError(`--key ${file} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  if (PUBLIC_KEY.test(text)) return text;
  throw new UserError(`--key ${file} is not one public key: give the file that ends in .pub.`);
}

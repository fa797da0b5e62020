// npm run new-author -- NAME --course COURSE…: an account for an author, with a password that is shown once.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArguments, usageError } from "./lib/arguments";
import { accountPath, setNewPassword } from "./lib/authorAccount";
import { runMain, UserError } from "./lib/errors";
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
  --from CIDR      networks that authors come from: needed for the first account (0.0.0.0/0 for everywhere)
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

  const number = gateway?.accounts.length ?? 0;
  const account = accountPath(number);
  const entries: [path: string, value: string][] = [
    ...values.from.map((cidr, i): [string, string] => [`xwmooc:uploadGateway.allowedFrom[${i}]`, cidr]),
    [`${account}.name`, name],
    ...values.course.map((course, i): [string, string] => [`${account}.courses[${i}]`, course]),
    ...values.right.map((right, i): [string, string] => [`${account}.rights[${i}]`, right]),
  ];
  if (values.key !== undefined) entries.push([`${account}.keys[0]`, publicKey(values.key)]);
  const plain = entries.flatMap(([path, value]) => ["--plaintext", `${path}=${value}`]);
  // The hash is written first: an account without one, of a run that was cut off, would be a wrong configuration.
  const password = values.key === undefined ? await setNewPassword(stack, number) : undefined;
  await stack.pulumi(["config", "set-all", "--path", ...plain]);
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
  if (/^(ssh|ecdsa|sk)-\S+ [\w+/=]+/.test(text)) return text;
  throw new UserError(`--key ${file} is not a public key: give the file that ends in .pub.`);
}

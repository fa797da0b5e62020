// npm run upload-site: a file for FileZilla's site manager, so that an author only has to type a password.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArguments, usageError } from "./lib/arguments";
import { runMain, UserError } from "./lib/errors";
import { type FileZillaSite, fileZillaXml } from "./lib/fileZilla";
import { DEV } from "./lib/stack";
import { loadStackConfig } from "./lib/stackConfig";
import { stackNamed } from "./lib/toolchain";

const USAGE = `Usage: npm run upload-site -- [--account NAME] [--output FILE] [--stack STACK]

Writes a file that FileZilla takes by File > Import: the ways to the upload gateway, without a password.
  --account NAME  of one author only (default: all)
  --output FILE   (default: xwmooc-STACK.xml in the current folder)
  --stack STACK   (default: dev)`;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    account: { type: "string" },
    output: { type: "string" },
    stack: { type: "string", default: DEV },
  });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  const stack = await stackNamed(values.stack);
  const { uploadGateway } = await loadStackConfig(stack);
  if (!uploadGateway)
    throw new UserError(`Stack ${stack.name} has no upload gateway: add an account with \`npm run new-author\`.`);
  const accounts = uploadGateway.accounts.filter(({ name }) => values.account === undefined || name === values.account);
  if (accounts.length === 0) {
    const names = uploadGateway.accounts.map(({ name }) => name).join(", ");
    throw new UserError(`There is no account "${values.account}". The accounts are: ${names}.`);
  }
  const outputs = await stack.outputs();
  if (!outputs) throw new UserError(`Stack ${stack.name} has no web server yet: run \`pulumi up\` first.`);

  const sites = accounts.flatMap(({ name: user, courses, passwordHash }): FileZillaSite[] => {
    const site = {
      host: outputs.address,
      user,
      ...(courses.length === 1 && { course: courses[0] as string }),
    };
    const { ftp, sftp } = uploadGateway;
    return [
      ...(ftp.port > 0 && passwordHash !== undefined
        ? [{ ...site, name: `${stack.name} ${user}`, protocol: "ftpes", port: ftp.port } as const]
        : []),
      ...(sftp.port > 0
        ? [{ ...site, name: `${stack.name} ${user} (SFTP)`, protocol: "sftp", port: sftp.port } as const]
        : []),
    ];
  });
  const output = values.output ?? `xwmooc-${stack.shortName}.xml`;
  const file = resolve(process.env.INIT_CWD ?? "", output);
  try {
    writeFileSync(file, fileZillaXml(sites));
  } catch (error) {
    throw new UserError(`${file} can't be written (${(error as NodeJS.ErrnoException).code}): give another --output.`);
  }
  process.stdout.write(`${file}: ${sites.length} sites. In FileZilla: File > Import, then the site manager.\n`);
  return 0;
});

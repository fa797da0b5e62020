// The dev cloud's own domain and certificates, which nobody but this machine knows.

import { Resolver } from "node:dns/promises";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import type { LookupFunction } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { UserError } from "./errors";
import type { MachineFacts } from "./machineFacts";
import { DEVCLOUD, ROOT, STATE } from "./paths";
import { run } from "./run";

/** The devcloud/settings.env. */
const SETTINGS = Object.fromEntries(
  readFileSync(join(ROOT, "devcloud", "settings.env"), "utf8")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.split(/=(.*)/) as [string, string]),
);
const ZONE = SETTINGS.DNS_ZONE ?? "";

/**
 * PEM of the roots that the dev cloud's certificate authority has signed with: it makes a new one at each start, while the
 * site's certificate stays valid.
 */
export const DEV_ROOTS = join(STATE, "dev-roots.pem");

/** Whether a name lies in the dev cloud's zone. */
export function isDevName(name: string): boolean {
  return name === ZONE || name.endsWith(`.${ZONE}`);
}

/** Asks the dev cloud's name server for the IPv4 addresses of a name. */
export async function resolveDevName(name: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([SETTINGS.API_IP ?? ""]);
  return await resolver.resolve4(name);
}

/** The same, in the form that Node's connections ask for. */
export const lookUpDevName: LookupFunction = (name, { all }, done) => {
  resolveDevName(name).then(
    (found) => {
      const addresses = found.map((address) => ({ address, family: 4 }));
      return all ? done(null, addresses) : done(null, addresses[0]?.address ?? "", 4);
    },
    (error: NodeJS.ErrnoException) => done(error, "", 4),
  );
};

/** What lets the site of the stack `dev` have a domain, with records and a certificate from the running dev cloud. */
export async function devDomain(): Promise<Pick<MachineFacts, "webServer" | "dns">> {
  const trustedRoot = await run(DEVCLOUD, ["exec", "cat", "/etc/pebble/tls.crt"]);
  await keepRoot(trustedRoot);
  return {
    webServer: { domain: `www.${ZONE}`, certificate: { authority: SETTINGS.ACME_URL ?? "", trustedRoot } },
    dns: { zone: ZONE, create: true, email: `hostmaster@${ZONE}` },
  };
}

async function keepRoot(ca: string): Promise<void> {
  const root = await new Promise<string>((resolve, reject) => {
    const options = { ca, signal: AbortSignal.timeout(10_000) };
    request(SETTINGS.ACME_ROOT_URL ?? "", options, (response) => text(response).then(resolve, reject))
      .on("error", reject)
      .end();
  }).catch((error: NodeJS.ErrnoException) => {
    const why = error.code ?? error.name;
    throw new UserError(`The dev cloud's certificate authority does not answer (${why}): run \`npm run up\` again.`);
  });
  const known = devRoots();
  if (known.includes(root)) return;
  mkdirSync(STATE, { recursive: true });
  writeFileSync(DEV_ROOTS, `${known}${root}`);
}

/** PEM of the roots to trust; empty where none is known. */
export function devRoots(): string {
  return existsSync(DEV_ROOTS) ? readFileSync(DEV_ROOTS, "utf8") : "";
}

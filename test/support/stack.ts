import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { RawConfig } from "../../config/parse";
import { SECRET_PATHS } from "../../config/schema";

const ROOT = join(__dirname, "..", "..");

/** The stacks that the repository describes. */
export const STACKS = ["dev", "tokyo2", "hongkong"] as const;

/** Stands for every secret in a plan; a plan that shows it has leaked one. */
export const PLACEHOLDER = "placeholder-secret";

/** The same in the form of a password's hash. */
const PLACEHOLDER_HASH = `$scrypt$ln=15,r=8,p=1$${PLACEHOLDER}$${PLACEHOLDER}`;

type Values = Record<string, Record<string, unknown>>;

/**
 * A stack's committed configuration as Pulumi would hand it out, with {@link PLACEHOLDER} for every secret it needs.
 * @param changes Values by path without namespace (`webServer.flavor`); undefined deletes.
 */
export function rawConfig(stack: string, changes: Record<string, unknown> = {}): RawConfig {
  const { config } = parse(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as { config: Values };
  delete config["xwmooc:machineConfig"];
  for (const path of SECRET_PATHS.filter((one) => !one.includes("[]"))) {
    const [section = "", ...keys] = path.split(".");
    const key = keys.pop() ?? "";
    const store = keys.reduce((inner, one) => inner?.[one] as Values[string], config[`xwmooc:${section}`]);
    if (store && needs(String(store.authType), key)) store[key] = PLACEHOLDER;
  }
  for (const account of (config["xwmooc:uploadGateway"]?.accounts ?? []) as { passwordHash?: unknown }[])
    if (account.passwordHash !== undefined) account.passwordHash = PLACEHOLDER_HASH;
  for (const [path, value] of Object.entries(changes)) set(config, path, value);
  const values = Object.entries(config)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]);
  return { stack, values: Object.fromEntries(values), isSecret: () => true };
}

function set(config: Values, path: string, value: unknown): void {
  const [section = "", key] = path.split(".");
  const name = `xwmooc:${section}`;
  if (key === undefined) config[name] = value as Values[string];
  else config[name] = { ...config[name], [key]: value };
}

function needs(authType: string, key: string): boolean {
  const secrets: Record<string, string> = {
    v1password: "apiKey",
    v3password: "password",
    v3applicationcredential: "applicationCredentialSecret",
  };
  return secrets[authType] === key;
}

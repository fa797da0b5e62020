import { rmSync } from "node:fs";
import { join } from "node:path";
import { swiftCredentials } from "../../../components/hostFiles";
import type { Course } from "../../../config/schema";
import { SwiftClient } from "../../../swift/client";
import { config as devConfig, editStackFile, type Outputs, ok, ROOT, readOutputs } from "./project";

/** Another stack on the dev cloud, in its second region: with an account of its own in the object store. */
export const REGION = "dev2";
const isThere = (course: string) => ["csunplugged", "pi"].includes(course);
/** Not all: each takes an emulated server half a minute. */
export const courses = devConfig.courses.filter(({ name }) => isThere(name));
const FILE = join(ROOT, `Pulumi.${REGION}.yaml`);
const STORE = {
  authType: "v1password" as const,
  authUrl: "http://10.77.0.2:8080/auth/v1.0",
  username: "SLDEV2-2:SLDEV2",
  apiKey: "SLDEV2-key",
};
/** The state is kept in the store itself, which speaks S3. */
const BACKEND = {
  PULUMI_BACKEND_URL:
    "s3://xwmooc-state?endpoint=http://10.77.0.2:8080&region=dev&s3ForcePathStyle=true&request_checksum_calculation=when_required&response_checksum_validation=when_required",
  PULUMI_CONFIG_PASSPHRASE: "second region",
  AWS_ACCESS_KEY_ID: STORE.username,
  AWS_SECRET_ACCESS_KEY: STORE.apiKey,
};

/** What the commands below are to find in the environment. */
export function usePassphrase(passphrase: string): void {
  BACKEND.PULUMI_CONFIG_PASSPHRASE = passphrase;
}

/** An `npm run` of the README for that stack. */
export async function npmThere(script: string, args: string[], stdin = ""): Promise<string> {
  return await ok("npm", ["run", "--silent", script, "--", ...args], stdin, BACKEND);
}

/** `npm run pulumi -- ARGS` for that stack. */
export const pulumiThere = (...args: string[]) => npmThere("pulumi", [...args, "--stack", REGION]);

/** A command on its web server. */
export const onServerThere = (command: string) => npmThere("ssh", ["--stack", REGION, command]);

export const outputsThere = async (): Promise<Outputs> => readOutputs(await pulumiThere("stack", "output", "--json"));

/** A client of its store, as its own user. */
export const storeThere = () => new SwiftClient(swiftCredentials(STORE));

/** Writes its stack file as an operator would, with a place for its state, and makes it a mirror of the stack dev. */
export async function writeStackFile(): Promise<void> {
  const copy = storeThere();
  await copy.createContainer("xwmooc-state");
  copy.close();
  const compute = ["--compute-auth-type", "v3password", "--compute-auth-url", "http://10.77.0.2:5000/v3"];
  const identity = ["--compute-catalog-region", REGION, "--compute-project", "xwmooc", "--compute-username", "xwmooc"];
  const store = ["--auth-url", STORE.authUrl, "--username", STORE.username];
  const server = ["--image", "debian-12-web", "--ssh-from", "10.77.8.1/32", "--copy-courses-from", "dev"];
  const secrets = `${STORE.apiKey}\nxwmooc-dev\n`;
  await npmThere("new-region", [REGION, "--set-secrets", ...store, ...compute, ...identity, ...server], secrets);
  change((config) => {
    const all = config["xwmooc:courses"] as unknown as Course[];
    config["xwmooc:courses"] = all.filter(({ name }) => isThere(name)) as unknown as Config[string];
    config["xwmooc:contentMount"] = { driver: "rclone" };
    config["xwmooc:webServer"] = { ...config["xwmooc:webServer"], securityUpdates: false };
    config["xwmooc:publisher"] = { pollSeconds: 1 };
    const { authType, authUrl } = STORE;
    config["xwmooc:mirror"] = { from: { authType, authUrl, username: "SLDEV-2:SLDEV" }, seconds: 5 };
  });
  const key = ["config", "set", "--secret", "--path", "xwmooc:mirror.from.apiKey", "--stack", REGION];
  await npmThere("pulumi", key, "SLDEV-key");
}

type Config = Record<string, Record<string, unknown>>;

/** Edits its stack file. */
export const change = (edit: (config: Config) => void) => editStackFile(REGION, edit);

/** Takes all of it away but what its containers hold. */
export async function removeStack(): Promise<void> {
  await pulumiThere("destroy", "--yes", "--exclude-protected");
  rmSync(FILE, { force: true });
}

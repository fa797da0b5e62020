import { readFile } from "node:fs/promises";
import { bundle } from "../program/bundle.cjs";

/**
 * The text of a program for the web server: one file without dependencies, for Node 18, as Debian 12 and Ubuntu 24.04 have it.
 * @param name of the build in the cache
 */
export async function serverProgram(name: string, entryPoint: string): Promise<string> {
  const file = await bundle(name, entryPoint, ["provisioning", "swift", "config"], {
    target: "node18",
    banner: { js: "#!/usr/bin/env node" },
  });
  return await readFile(file, "utf8");
}

/** The publisher. */
export const bundlePublisher = () => serverProgram("site-publisher", "provisioning/publisher/src/cli.ts");

/** What asks the object store whether it takes the credentials. */
export const bundleAskStore = () => serverProgram("ask-store", "provisioning/credentials/askStore.ts");

/** What copies the courses from another region's store. */
export const bundleContentMirror = () => serverProgram("content-mirror", "provisioning/content-mirror/src/main.ts");

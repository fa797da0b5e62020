import * as path from "node:path";
import { buildSync } from "esbuild";

/**
 * A program for the web server as one CommonJS file without dependencies, for Node 18, as Debian 12 and Ubuntu 24.04 have it.
 * The same sources give the same text, wherever the project lies.
 */
function bundle(entryPoint: string): string {
  const result = buildSync({
    absWorkingDir: path.resolve(__dirname, ".."),
    entryPoints: [entryPoint],
    bundle: true,
    platform: "node",
    target: "node18",
    format: "cjs",
    charset: "utf8",
    banner: { js: "#!/usr/bin/env node" },
    // The editor's settings must not change what is built.
    tsconfigRaw: {},
    write: false,
    logLevel: "silent",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`esbuild gave no bundle of ${entryPoint}`);
  return file.text;
}

/** The publisher. */
export const bundlePublisher = () => bundle("provisioning/publisher/src/cli.ts");

/** What asks the object store whether it takes the credentials. */
export const bundleAskStore = () => bundle("provisioning/credentials/askStore.ts");

/** What copies the courses from another region's store. */
export const bundleContentMirror = () => bundle("provisioning/content-mirror/src/main.ts");

import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, rename } from "node:fs/promises";
import * as path from "node:path";
import { build, type Plugin } from "esbuild";
import { fingerprintOf } from "../toolchain/fingerprint";

const ROOT = path.resolve(__dirname, "..");
const CACHE = path.join(ROOT, ".cache", "policy");
/** Folders and files that the pack is made from. */
const SOURCES = ["policy", "config", "package-lock.json"];

/**
 * The policy pack as one program that starts in a quarter of a second; as TypeScript it would take Pulumi seconds. What has been
 * built stays in `.cache/policy`, by what it is made from.
 *
 * @returns absolute path
 */
export async function buildPolicyPack(): Promise<string> {
  const file = path.join(CACHE, fingerprintOf(ROOT, SOURCES.flatMap(sources)));
  if (existsSync(file)) return file;
  await mkdir(CACHE, { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["policy/pack.ts"],
    outfile: partial,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    banner: { js: "#!/usr/bin/env node" },
    tsconfigRaw: {},
    plugins: [withoutCompiler],
    logLevel: "silent",
  });
  await chmod(partial, 0o755);
  await rename(partial, file);
  return file;
}

/** `@pulumi/policy` needs two classes of `@pulumi/pulumi`, which as a whole brings TypeScript's compiler along: five times the size. */
const withoutCompiler: Plugin = {
  name: "without-compiler",
  setup({ onResolve }) {
    onResolve({ filter: /^@pulumi\/pulumi$/ }, () => ({ path: path.join(__dirname, "pulumi.ts") }));
  },
};

function sources(source: string): string[] {
  if (path.extname(source)) return [source];
  const files = readdirSync(path.join(ROOT, source), { recursive: true, encoding: "utf8" }).sort();
  return files.filter((file) => file.endsWith(".ts")).map((file) => `${source}/${file}`);
}

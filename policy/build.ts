import { chmod } from "node:fs/promises";
import * as path from "node:path";
import type { Plugin } from "esbuild";
import { bundle } from "../program/bundle.cjs";

/**
 * The policy pack as one program that starts in a fifth of a second; as TypeScript it would take Pulumi seconds.
 *
 * @returns absolute path
 */
export async function buildPolicyPack(): Promise<string> {
  const file = await bundle("policy", "policy/pack.ts", ["policy", "config"], {
    target: "node20",
    banner: { js: "#!/usr/bin/env node" },
    // It is read at each preview.
    minify: true,
    plugins: [withoutCompiler],
  });
  await chmod(file, 0o755);
  return file;
}

/** `@pulumi/policy` needs two classes of `@pulumi/pulumi`, which as a whole brings TypeScript's compiler along: five times the size. */
const withoutCompiler: Plugin = {
  name: "without-compiler",
  setup({ onResolve }) {
    onResolve({ filter: /^@pulumi\/pulumi$/ }, () => ({ path: path.join(__dirname, "pulumi.ts") }));
  },
};

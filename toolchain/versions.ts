/**
 * The one place for the versions of the tools. `test/toolchain-versions.test.ts` holds them together with package.json
 * and the go.mod files.
 */

/** The Pulumi CLI that is downloaded or built. */
export const PULUMI_VERSION = "3.259.0";

/** An installed Pulumi CLI is used from this version on (and below 4): it is the oldest one the project was run with. */
export const MINIMUM_PULUMI_VERSION = "3.259.0";

/** A Pulumi resource plugin: its version is that of the npm package `@pulumi/<name>`. */
export interface Plugin {
  name: "openstack" | "command";
  version: string;
}

/** The plugins the project's resources need. */
export const PLUGINS: readonly Plugin[] = [
  { name: "openstack", version: "3.15.2" },
  { name: "command", version: "1.2.1" },
];

/** Compares dotted version numbers: negative if `a` is older, 0 if equal, positive if newer. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const right = b.split(".").map((part) => Number.parseInt(part, 10) || 0);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference) return difference;
  }
  return 0;
}

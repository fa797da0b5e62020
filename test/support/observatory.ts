import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE } from "../../cli/lib/paths";

/** Mozilla's HTTP Observatory, which is too large to be one of the project's own packages. */
const PACKAGE = "@mdn/mdn-http-observatory";
const VERSION = "1.4.8";
const FOLDER = join(CACHE, "observatory", VERSION);

/** What the Observatory says of a site. */
export interface Grade {
  grade: string;
  /** The tests that it did not pass. */
  failed: string[];
}

/**
 * Lets Mozilla's scanner look at a site on ports 80 and 443.
 * @param address where the name leads, whatever the DNS says
 * @param roots PEM file of the authorities to trust
 */
export async function gradeOf(name: string, address: string, roots: string): Promise<Grade> {
  const run = promisify(execFile);
  if (!existsSync(join(FOLDER, "node_modules", PACKAGE))) {
    mkdirSync(FOLDER, { recursive: true });
    // Its scripts build a client of a database and fetch the list of names that browsers know for HTTPS: no use here.
    await run("npm", [
      "install",
      "--prefix",
      FOLDER,
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      `${PACKAGE}@${VERSION}`,
    ]);
    writeFileSync(join(FOLDER, "node_modules", PACKAGE, "conf", "hsts-preload.json"), "{}");
  }
  const leadThere = `import dns from "node:dns"; dns.lookup = (name, options, done) =>
    options.all ? done(null, [{ address: "${address}", family: 4 }]) : done(null, "${address}", 4);`;
  const script = join(FOLDER, "node_modules", PACKAGE, "src", "scan.js");
  const { stdout } = await run(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(leadThere)}`, script, name],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: roots } },
  );
  const { scan, tests } = JSON.parse(stdout) as { scan: { grade: string }; tests: Record<string, { pass: boolean }> };
  return { grade: scan.grade, failed: Object.keys(tests).filter((test) => !tests[test]?.pass) };
}

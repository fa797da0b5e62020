import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "./paths";
import { CommandError, run } from "./run";

/** A public web site out of a Debian package, as content of a course. */
interface Sample {
  /** The Debian package that holds the site. */
  package: string;
  /** The site's root in the package. */
  root: string;
  /** Packages that the site links to (scripts that Debian keeps in one place). */
  with?: string[];
}

const SPHINX_SCRIPTS = ["libjs-sphinxdoc", "libjs-jquery", "libjs-underscore"];

/** The sample content of each course: about 2,500 files, 50 MB. */
export const SAMPLES: Record<string, Sample> = {
  // Questions and answers about free software; its pages are symbolic links.
  csunplugged: { package: "debian-faq", root: "usr/share/doc/debian/FAQ" },
  // Korean, about boards like the Raspberry Pi.
  pi: { package: "installation-guide-armhf", root: "usr/share/doc/installation-guide-armhf/ko" },
  py4inf: { package: "python-flask-doc", root: "usr/share/doc/python-flask-doc/html", with: SPHINX_SCRIPTS },
  "rur-ple": { package: "python-pygame-doc", root: "usr/share/doc/python-pygame-doc/html", with: SPHINX_SCRIPTS },
  // The large one: about 1,250 files.
  scloud: { package: "postgresql-doc-15", root: "usr/share/doc/postgresql-doc-15/html" },
  swcarpentry: { package: "git-doc", root: "usr/share/doc/git-doc" },
};

const FOLDER = join(CACHE, "samples");

/** Where the packages are; the dev cloud has installed the keyring. */
const DEBIAN_12 =
  "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main\n";

/** Sample content on disk. */
export interface SampleFolder {
  /** The site's root. */
  folder: string;
  /** Links of the site lead anywhere below this folder. */
  boundary: string;
}

/**
 * The sample content of a course; downloaded from Debian's mirror the first time. A version that is there already stays, so that
 * a security update of a package does not change the dev cloud.
 * @throws UserError when the package can't be had.
 */
export async function sampleOf(course: string, progress: (line: string) => void): Promise<SampleFolder | undefined> {
  const sample = SAMPLES[course];
  if (!sample) return undefined;
  const boundary = unpacked(sample) ?? (await download(sample, progress));
  return { folder: join(boundary, sample.root), boundary };
}

/** `<package>_<version>` of an earlier download. */
function unpacked(sample: Sample): string | undefined {
  if (!existsSync(FOLDER)) return undefined;
  const name = readdirSync(FOLDER).find((one) => one.startsWith(`${sample.package}_`) && !one.endsWith(".partial"));
  return name && join(FOLDER, name);
}

async function download(sample: Sample, progress: (line: string) => void): Promise<string> {
  const partial = join(FOLDER, `${sample.package}_.partial`);
  rmSync(partial, { recursive: true, force: true });
  const debs = join(partial, "debs");
  mkdirSync(debs, { recursive: true });
  progress(`downloading the Debian package ${sample.package}`);
  const packages = [sample.package, ...(sample.with ?? [])];
  try {
    await aptDownload(packages, debs);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    progress("refreshing the list of Debian packages");
    await run("apt-get", ["update", "-qq", ...aptOptions()]);
    await aptDownload(packages, debs);
  }
  const files = readdirSync(debs);
  const tree = join(partial, "tree");
  for (const file of files) await run("dpkg-deb", ["-x", join(debs, file), tree]);

  const own = files.find((file) => file.startsWith(`${sample.package}_`)) ?? sample.package;
  const version = decodeURIComponent(own.split("_")[1] ?? "");
  const folder = join(FOLDER, `${sample.package}_${version}`);
  renameSync(tree, folder);
  rmSync(partial, { recursive: true });
  return folder;
}

async function aptDownload(packages: string[], folder: string): Promise<void> {
  await run("apt-get", ["download", "-qq", ...aptOptions(), ...packages], { cwd: folder });
}

/** Options of apt; on a machine that is no Debian 12, with lists of its own of Debian's archive: nothing is installed from it. */
function aptOptions(release = readFileSync("/etc/os-release", "utf8")): string[] {
  // As root: apt's own user can't write to a folder of ours.
  const options: Record<string, string> = { "APT::Sandbox::User": "root" };
  if (!/^VERSION_CODENAME=bookworm$/m.test(release)) {
    const apt = join(FOLDER, ".apt");
    mkdirSync(join(apt, "lists"), { recursive: true });
    writeFileSync(join(apt, "sources.list"), DEBIAN_12);
    Object.assign(options, {
      "Dir::Etc::SourceList": join(apt, "sources.list"),
      "Dir::Etc::SourceParts": "/dev/null",
      "Dir::State::Lists": join(apt, "lists"),
      "Dir::Cache": apt,
    });
  }
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

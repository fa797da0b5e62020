import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Staged } from "./fetcher";
import type { Files } from "./files";
import { type Folders, type Manifest, readManifest, writeManifest } from "./manifest";
import { foldersOf } from "./names";
import { Pace } from "./pace";
import { forgetDamaged, learnTree } from "./tree";

/** A complete state of a course on disk. */
export interface Release extends Manifest {
  id: string;
}

/** Files of the current release that are gone or were never there: someone else changed it. */
export class DamagedRelease extends Error {
  constructor(readonly names: string[]) {
    super(`${names.length} published files are missing on disk; they are fetched again`);
  }
}

/** `<number>-<time>`: the number orders them, whatever the clock does. */
const RELEASE_ID = /^(\d{8})-\d{8}T\d{6}Z$/;

/**
 * The releases of one course:
 *
 *     <dir>/<id>/<n>/        one folder of the course: its files, and a link for each folder in it, `../../<id>/<n>`
 *     <dir>/<id>.json        the release: its files, and where its folders are; written last, so without it there is none
 *     <dir>/.staging-<boot>/ bytes fetched and verified for the next release
 *     <now> -> <dir>/<id>/0  what visitors see: the course's topmost folder
 *     <before> -> …          the same of the release before, for pages that are still open
 *
 * A release makes anew only the folders on the way to what has changed, and shares all others with the release before; so
 * publishing one file among 100,000 costs what its own folder costs. Nothing in a release is ever written to; so whenever
 * the process is killed, the link names a complete release.
 */
export class Releases {
  readonly staging: string;

  /** Where the folders of each complete release are. */
  private readonly foldersOfReleases = new Map<string, Folders>();

  /** @param links where the course is below the web root, and where its last release */
  constructor(
    private readonly dir: string,
    private readonly links: { now: string; before: string },
    private readonly keep: number,
    private readonly onProgress: () => void = () => {},
  ) {
    // What an interrupted fetch left behind is good as long as no power failure can have torn it.
    this.staging = path.join(dir, `.staging-${bootId()}`);
  }

  /**
   * Finds the published release, and removes what is neither complete nor staged.
   * A lost link is set to the newest complete release; a lost manifest is made anew from the files.
   * @param shown the older release that the link names on purpose, if so: the newest one is the published one all the same
   */
  async open(shown?: string): Promise<Release | undefined> {
    fs.mkdirSync(this.dir, { recursive: true });
    fs.mkdirSync(this.staging, { recursive: true });
    fs.mkdirSync(path.dirname(this.links.now), { recursive: true });
    const linked = this.linked();
    const id = linked === undefined ? this.adoptNewest() : linked === shown ? this.newest() : linked;
    let release: Release | undefined;
    for (const one of this.ids()) {
      const manifest = this.manifestIn(one);
      if (manifest !== undefined) this.foldersOfReleases.set(one, manifest.folders);
      if (manifest !== undefined && one === id) release = { id, ...manifest };
    }
    const pace = new Pace(this.onProgress);
    if (release !== undefined) await forgetDamaged(release.files, this.topOf(release.id), pace);
    else if (id !== undefined) {
      release = { id, ...(await learnTree(this.topOf(id), this.dir, pace)) };
      writeManifest(this.manifestOf(id), release);
      this.foldersOfReleases.set(id, release.folders);
    }
    await this.removeUnused();
    return release;
  }

  /**
   * Makes a release of `files` and publishes it.
   * @param staged for each file that is not taken from the current release, its verified bytes
   * @throws DamagedRelease
   */
  async publish(current: Release | undefined, files: Files, staged: Map<string, Staged>): Promise<Release> {
    const id = this.nextId();
    try {
      const folders = await this.assemble(id, current, files, staged);
      const release = { id, files, folders };
      writeManifest(this.manifestOf(id), release);
      await flush(this.dir);
      const before = this.linked();
      if (before !== undefined) {
        fs.mkdirSync(path.dirname(this.links.before), { recursive: true });
        this.point(this.links.before, before);
      }
      this.show(id);
      this.foldersOfReleases.set(id, folders);
      return release;
    } catch (error) {
      fs.rmSync(this.manifestOf(id), { force: true });
      await this.remove(path.join(this.dir, id));
      throw error;
    }
  }

  private async assemble(
    id: string,
    current: Release | undefined,
    files: Files,
    staged: Map<string, Staged>,
  ): Promise<Folders> {
    const pace = new Pace(this.onProgress);
    const touched = await touchedFolders(current, files, staged, pace);
    const folders: Folders = new Map();
    fs.mkdirSync(path.join(this.dir, id), { mode: 0o755 });
    let made = 0;
    const enter = (folder: string): string => {
      const known = folders.get(folder);
      if (known !== undefined) return known;
      const above = folder === "" ? undefined : enter(parentOf(folder));
      const shared = touched.has(folder) ? undefined : current?.folders.get(folder);
      const place = shared ?? `${id}/${made++}`;
      folders.set(folder, place);
      if (shared === undefined) fs.mkdirSync(path.join(this.dir, place), { mode: 0o755 });
      if (above?.startsWith(`${id}/`)) fs.symlinkSync(`../../${place}`, inside(this.dir, above, path.basename(folder)));
      return place;
    };
    // The topmost one is made anew in any case, and first: it is number 0.
    touched.add("");
    enter("");
    const missing: string[] = [];
    for (const name of files.keys()) {
      await pace.step();
      const folder = parentOf(name);
      const place = enter(folder);
      if (!place.startsWith(`${id}/`)) continue;
      const target = inside(this.dir, place, path.basename(name));
      const old = current?.files.has(name) ? this.fileOf(current, name) : undefined;
      const fetched = staged.get(name);
      if (fetched !== undefined) {
        setTime(fetched, old);
        fs.linkSync(fetched.file, target);
      } else if (old === undefined || !linkIfThere(old, target)) missing.push(name);
    }
    if (missing.length > 0) throw new DamagedRelease(missing);
    return folders;
  }

  /** IDs of the releases that are kept, oldest first. */
  get kept(): string[] {
    return [...this.foldersOfReleases.keys()].sort();
  }

  /** Lets visitors see a release that is kept. */
  show(id: string): void {
    this.point(this.links.now, id);
  }

  /** Ends the time in which an open page may need what the release before had. */
  forgetBefore(): void {
    fs.rmSync(this.links.before, { force: true });
  }

  /** Removes staged bytes, the releases that are no longer kept, and the folders that no other one shares with them. */
  async tidy(current: Release): Promise<void> {
    for (const name of fs.readdirSync(this.staging)) fs.rmSync(path.join(this.staging, name), { force: true });
    const others = this.kept.filter((id) => id !== current.id);
    for (const id of others.slice(0, Math.max(0, others.length - (this.keep - 1)))) {
      fs.rmSync(this.manifestOf(id), { force: true });
      this.foldersOfReleases.delete(id);
    }
    await this.removeUnused();
  }

  /** The release that visitors see, if it is one of ours. @throws where something else is in the link's place */
  linked(): string | undefined {
    const stat = fs.lstatSync(this.links.now, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink())
      throw new Error(`${this.links.now} is in the way: it is no link of the publisher's; move it elsewhere`);
    const target = path.resolve(path.dirname(this.links.now), fs.readlinkSync(this.links.now));
    const id = path.basename(path.dirname(target));
    return target === this.topOf(id) && RELEASE_ID.test(id) && fs.existsSync(target) ? id : undefined;
  }

  private adoptNewest(): string | undefined {
    const id = this.newest();
    if (id !== undefined) this.show(id);
    return id;
  }

  private newest(): string | undefined {
    return this.ids().findLast((one) => this.manifestIn(one) !== undefined);
  }

  /** The manifest of a release, if that is complete: if there is also the folder that the link would name. */
  private manifestIn(id: string): Manifest | undefined {
    return fs.existsSync(this.topOf(id)) ? readManifest(this.manifestOf(id)) : undefined;
  }

  /** Removes all that is neither staged nor part of a release. */
  private async removeUnused(): Promise<void> {
    const used = new Set([this.staging]);
    for (const [id, folders] of this.foldersOfReleases) {
      used.add(this.manifestOf(id)).add(path.join(this.dir, id));
      for (const place of folders.values()) {
        const folder = path.join(this.dir, place);
        used.add(folder).add(path.dirname(folder));
      }
    }
    for (const name of fs.readdirSync(this.dir)) {
      const entry = path.join(this.dir, name);
      if (!used.has(entry)) await this.remove(entry);
      else if (RELEASE_ID.test(name)) {
        for (const folder of fs.readdirSync(entry).map((number) => path.join(entry, number))) {
          if (!used.has(folder)) await this.remove(folder);
        }
      }
    }
  }

  /** Of the folders in place, oldest first. */
  private ids(): string[] {
    return fs
      .readdirSync(this.dir)
      .filter((name) => RELEASE_ID.test(name))
      .sort();
  }

  private nextId(): string {
    const last = Number(RELEASE_ID.exec(this.ids().at(-1) ?? "")?.[1] ?? 0);
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    return `${String(last + 1).padStart(8, "0")}-${time}`;
  }

  private point(link: string, id: string): void {
    const temporary = path.join(path.dirname(link), `.${path.basename(link)}.new`);
    fs.rmSync(temporary, { force: true });
    fs.symlinkSync(this.topOf(id), temporary);
    fs.renameSync(temporary, link);
  }

  private async remove(target: string): Promise<void> {
    await fs.promises.rm(target, { recursive: true, force: true });
    this.onProgress();
  }

  /** The topmost folder of the course in a release. */
  private topOf(id: string): string {
    return path.join(this.dir, id, "0");
  }

  private fileOf({ id, folders }: Release, name: string): string {
    return inside(this.dir, folders.get(parentOf(name)) ?? `${id}/0`, path.basename(name));
  }

  private manifestOf(id: string): string {
    return path.join(this.dir, `${id}.json`);
  }
}

/** The second line of defence behind `unsafeName`: no file may land outside its release. */
function inside(folder: string, ...names: string[]): string {
  const target = path.join(folder, ...names);
  if (!target.startsWith(`${folder}/`)) throw new Error(`refused to write outside ${folder}`);
  return target;
}

/** The folder a file or folder lies in; `""` is the course itself. */
function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

/** The folders in which something differs from the current release, all those above them included. */
async function touchedFolders(
  current: Release | undefined,
  files: Files,
  staged: Map<string, Staged>,
  pace: Pace,
): Promise<Set<string>> {
  const touched = new Set<string>();
  const touch = (name: string) => {
    for (const folder of foldersOf(name)) {
      if (touched.has(folder)) return;
      touched.add(folder);
    }
  };
  for (const [name, version] of files) {
    await pace.step();
    if (staged.has(name) || current?.files.get(name) !== version) touch(name);
  }
  for (const name of current?.files.keys() ?? []) {
    await pace.step();
    if (!files.has(name)) touch(name);
  }
  return touched;
}

/**
 * Gives fetched bytes the object's time, for the web server's Last-Modified and ETag. nginx makes the ETag of size and
 * second: a version of the same size and second gets the next one, lest browsers keep what they have.
 */
function setTime({ version, file }: Staged, old: string | undefined): void {
  let seconds = Date.parse(`${version.lastModified}Z`) / 1000;
  if (Number.isNaN(seconds)) seconds = Date.now() / 1000;
  const before = old === undefined ? undefined : fs.lstatSync(old, { throwIfNoEntry: false });
  if (before?.isFile() && before.size === fs.lstatSync(file).size) {
    seconds = Math.max(seconds, Math.floor(before.mtimeMs / 1000) + 1);
  }
  fs.utimesSync(file, seconds, seconds);
}

function linkIfThere(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/**
 * Brings everything written to disk, whatever the number of files, before the link may name it: one syncfs(2).
 * Node can't call it; `sync -f` of coreutils does.
 */
function flush(dir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("sync", ["-f", dir], { stdio: "ignore" });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`sync -f ${dir} failed (exit ${code})`))));
  });
}

function bootId(): string {
  return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

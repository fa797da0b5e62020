import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Staged } from "./fetcher";
import type { Files } from "./files";
import { readManifest, writeManifest } from "./manifest";
import { foldersOf } from "./names";
import { Pace } from "./pace";
import { filesOfTree, forgetDamaged } from "./tree";

/** A complete state of a course on disk. */
export interface Release {
  id: string;
  files: Files;
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
 *     <dir>/<id>/            the files, hard-linked to the release before where they have not changed
 *     <dir>/<id>.json        what they are; written last, so a release without it is not complete
 *     <dir>/.staging-<boot>/ bytes fetched and verified for the next release
 *     <link> -> <dir>/<id>   what visitors see
 *
 * Nothing in a release is ever written to; so whenever the process is killed, the link names a complete release.
 */
export class Releases {
  readonly staging: string;

  /** @param link the course's place below the web root */
  constructor(
    private readonly dir: string,
    private readonly link: string,
    private readonly keep: number,
    private readonly onProgress: () => void = () => {},
  ) {
    // What an interrupted fetch left behind is good as long as no power failure can have torn it.
    this.staging = path.join(dir, `.staging-${bootId()}`);
  }

  /**
   * Finds the published release, and removes what is neither complete nor staged.
   * A lost link is set to the newest complete release; a lost manifest is made anew from the files.
   */
  async open(): Promise<Release | undefined> {
    fs.mkdirSync(this.dir, { recursive: true });
    fs.mkdirSync(this.staging, { recursive: true });
    fs.mkdirSync(path.dirname(this.link), { recursive: true });
    const id = this.linked() ?? this.adoptNewest();
    await this.removeLeftovers(id);
    if (id === undefined) return undefined;

    const files = readManifest(this.manifestOf(id));
    const pace = new Pace(this.onProgress);
    if (files !== undefined) {
      await forgetDamaged(files, this.folderOf(id), pace);
      return { id, files };
    }
    const rebuilt = await filesOfTree(this.folderOf(id), pace);
    writeManifest(this.manifestOf(id), rebuilt);
    return { id, files: rebuilt };
  }

  /**
   * Makes a release of `files` and publishes it.
   * @param staged for each file that is not taken from the current release, its verified bytes
   * @throws DamagedRelease
   */
  async publish(current: Release | undefined, files: Files, staged: Map<string, Staged>): Promise<Release> {
    const id = this.nextId();
    try {
      await this.assemble(id, current, files, staged);
      writeManifest(this.manifestOf(id), files);
      await flush(this.dir);
      this.pointTo(id);
    } catch (error) {
      fs.rmSync(this.manifestOf(id), { force: true });
      await this.remove(this.folderOf(id));
      throw error;
    }
    return { id, files };
  }

  private async assemble(
    id: string,
    current: Release | undefined,
    files: Files,
    staged: Map<string, Staged>,
  ): Promise<void> {
    const folder = this.folderOf(id);
    fs.mkdirSync(folder, { mode: 0o755 });
    const missing: string[] = [];
    const made = new Set<string>();
    const pace = new Pace(this.onProgress);
    for (const { name } of files.values()) {
      await pace.step();
      const target = inside(folder, name);
      makeFolders(folder, name, made);
      const fetched = staged.get(name);
      const old = current?.files.has(name) ? path.join(this.folderOf(current.id), name) : undefined;
      if (fetched !== undefined) {
        setTime(fetched, old);
        fs.linkSync(fetched.file, target);
      } else if (old === undefined || !linkIfThere(old, target)) missing.push(name);
    }
    if (missing.length > 0) throw new DamagedRelease(missing);
  }

  /** Removes staged bytes and the releases that are no longer kept. */
  async tidy(current: Release): Promise<void> {
    for (const name of fs.readdirSync(this.staging)) fs.rmSync(path.join(this.staging, name), { force: true });
    const others = this.ids().filter((id) => id !== current.id);
    for (const id of others.slice(0, Math.max(0, others.length - (this.keep - 1)))) {
      fs.rmSync(this.manifestOf(id), { force: true });
      await this.remove(this.folderOf(id));
    }
  }

  /** The release that the link names, if it is one of ours. @throws where something else is in the link's place */
  private linked(): string | undefined {
    const stat = fs.lstatSync(this.link, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink())
      throw new Error(`${this.link} is in the way: it is no link of the publisher's; move it elsewhere`);
    const target = path.resolve(path.dirname(this.link), fs.readlinkSync(this.link));
    const id = path.basename(target);
    return path.dirname(target) === this.dir && RELEASE_ID.test(id) && fs.existsSync(target) ? id : undefined;
  }

  private adoptNewest(): string | undefined {
    const id = this.ids()
      .filter((id) => fs.existsSync(this.manifestOf(id)))
      .at(-1);
    if (id !== undefined) this.pointTo(id);
    return id;
  }

  private async removeLeftovers(current: string | undefined): Promise<void> {
    const complete = new Set(this.ids().filter((id) => id === current || fs.existsSync(this.manifestOf(id))));
    for (const name of fs.readdirSync(this.dir)) {
      const leftover = path.join(this.dir, name);
      if (leftover === this.staging || complete.has(name.replace(/\.json$/, ""))) continue;
      await this.remove(leftover);
    }
  }

  /** Oldest first. */
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

  private pointTo(id: string): void {
    const temporary = path.join(path.dirname(this.link), `.${path.basename(this.link)}.new`);
    fs.rmSync(temporary, { force: true });
    fs.symlinkSync(this.folderOf(id), temporary);
    fs.renameSync(temporary, this.link);
  }

  private async remove(target: string): Promise<void> {
    await fs.promises.rm(target, { recursive: true, force: true });
    this.onProgress();
  }

  private folderOf(id: string): string {
    return path.join(this.dir, id);
  }

  private manifestOf(id: string): string {
    return path.join(this.dir, `${id}.json`);
  }
}

/** The second line of defence behind `unsafeName`: no file may land outside its release. */
function inside(folder: string, name: string): string {
  const target = path.join(folder, name);
  if (!target.startsWith(`${folder}/`)) throw new Error(`refused to write outside ${folder}`);
  return target;
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

function makeFolders(root: string, name: string, made: Set<string>): void {
  const [nearest] = foldersOf(name);
  if (nearest === undefined || made.has(nearest)) return;
  fs.mkdirSync(path.join(root, nearest), { recursive: true, mode: 0o755 });
  for (const folder of foldersOf(name)) made.add(folder);
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

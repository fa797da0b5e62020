import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Assembly, fileOf } from "./assembly";
import type { Staged } from "./fetcher";
import { apply, type Edit, type FileVersion } from "./files";
import { forget, type Manifest, Manifests, type Outline } from "./manifest";
import { Pace } from "./pace";
import { Quarantine } from "./quarantine";
import { Spares } from "./spares";
import { emptyFolder, forgetDamaged, learnTree, removeTree } from "./tree";

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

/** With more changes than this a release is not worth being made from an older one. */
const MAX_STEP = 10_000;
/** With more files than this that are not in its list, a release gets one of its own: later, when no visitor waits for it. */
const MAX_UNLISTED = 1_000;

/** So much of the disk, at most so many bytes, is left to others. */
const FREE = { share: 0.05, bytes: 256 * 1024 ** 2 };

/** A disk that takes longer to write everything down is not slow, it hangs. */
const MAX_FLUSH_MS = 300_000;
/** Milliseconds between two signs of life of what tells nothing itself. */
const SIGN_MS = 1_000;

/** While the release was made, visitors were given another one to keep. */
export class NoLongerWanted extends Error {}

/** `<number>-<time>`: the number orders them, whatever the clock does. */
const RELEASE_ID = /^(\d{8})-\d{8}T\d{6}Z$/;

/**
 * The releases of one course:
 *
 *     <dir>/<id>/<n>/        one folder of the course: its files, and a link for each folder in it, `../../<id>/<n>`
 *     <dir>/<id>/<n>/.compressed/<encoding>/  the compressed forms of its files (see `compressed.ts`)
 *     <dir>/<id>.json        the release: its files, and where its folders are; written last, so without it there is none
 *     <dir>/<id>.files       a list of files that releases share (see `Manifests`)
 *     <dir>/.staging-<boot>/ bytes fetched and verified for the next release
 *     <dir>/.quarantine/     what was deleted lately
 *     <dir>/.spares/         large folders of former releases, to be used again
 *     <now> -> <dir>/<id>/0  what visitors see: the course's topmost folder
 *     <before> -> …          the same of the release before, for pages that are still open
 *
 * A release makes anew only the folders on the way to what has changed, and shares all others with the release before; so
 * publishing one file among 100,000 costs what its own folder costs. Nothing in a release is ever written to; so whenever
 * the process is killed, the link names a complete release.
 */
export class Releases {
  readonly staging: string;
  readonly quarantine: Quarantine;
  private readonly spares: Spares;
  private readonly manifests: Manifests;
  /** Each complete release. */
  private readonly outlines = new Map<string, Outline>();

  /** @param links where the course is below the web root, and where its last release */
  constructor(
    private readonly dir: string,
    private readonly links: { now: string; before: string },
    private readonly keep: number,
    private readonly onProgress: () => void = () => {},
  ) {
    // What an interrupted fetch left behind is good as long as no power failure can have torn it.
    this.staging = path.join(dir, `.staging-${bootId()}`);
    this.quarantine = new Quarantine(path.join(dir, ".quarantine"));
    this.spares = new Spares(dir);
    this.manifests = new Manifests(dir);
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
    for (const one of this.ids()) {
      const outline = this.outlineOf(one);
      if (outline !== undefined) this.outlines.set(one, outline);
    }
    const release = id === undefined ? undefined : await this.read(id);
    await this.removeUnused();
    return release;
  }

  private async read(id: string): Promise<Release> {
    const pace = new Pace(this.onProgress);
    const manifest = this.manifests.read(id);
    if (manifest !== undefined) {
      await forgetDamaged(manifest, this.topOf(id), pace);
      return { id, ...manifest };
    }
    const learnt = await learnTree(this.topOf(id), this.dir, pace);
    const release: Release = { id, ...learnt, list: id, unlisted: new Set() };
    this.manifests.writeList(id, release.files);
    this.manifests.write(id, release);
    this.outlines.set(id, outlineOf(release));
    return release;
  }

  /**
   * Makes the next release and publishes it. The current one's files become its files.
   * @param staged the verified bytes of each file that it has put and that is not in quarantine
   * @param isWanted asked at the moment of the switch
   * @throws DamagedRelease, NoLongerWanted
   */
  async publish(
    current: Release | undefined,
    edit: Edit,
    staged: Map<string, Staged>,
    isWanted: () => boolean = () => true,
  ): Promise<Release> {
    const id = this.nextId();
    const files = current?.files ?? new Map<string, FileVersion>();
    let undo: Edit = { put: [], removed: [] };
    try {
      const { quarantine, spares } = this;
      const material = { current, staged, spares, quarantined: quarantine.fileOf.bind(quarantine) };
      const assembly = new Assembly(this.dir, id, edit, material, new Pace(this.onProgress));
      await assembly.make();
      if (assembly.missing.length > 0) throw new DamagedRelease(assembly.missing);
      const { folders, changed } = assembly;
      undo = apply(files, edit);
      const step =
        current !== undefined && changed.length <= MAX_STEP ? { from: current.id, names: changed } : undefined;
      const unlisted = current === undefined ? [] : [...current.unlisted, ...changed];
      const release: Release = { id, files, folders, step, list: current?.list ?? id, unlisted: new Set(unlisted) };
      if (current === undefined) this.manifests.writeList(id, files);
      this.manifests.write(id, release);
      await this.flush();
      if (!isWanted()) throw new NoLongerWanted(`${id} is not published`);
      const before = this.linked();
      if (before !== undefined) {
        fs.mkdirSync(path.dirname(this.links.before), { recursive: true });
        this.point(this.links.before, before);
      }
      this.show(id);
      this.outlines.set(id, outlineOf(release));
      this.spares.note(changed);
      return release;
    } catch (error) {
      apply(files, undo);
      this.manifests.remove(id);
      await this.remove(path.join(this.dir, id));
      throw error;
    }
  }

  /** Takes it that files of the current release are not there, so that they are fetched again. */
  forgetMissing(current: Release | undefined, { names }: DamagedRelease): void {
    if (current !== undefined) for (const name of names) forget(current, name);
  }

  /** Keeps files of the current release beyond it. */
  quarantineAll(current: Release, versions: FileVersion[]): void {
    for (const version of versions) this.quarantine.put(version, fileOf(this.dir, current, version.name));
  }

  /** IDs of the releases that are kept, oldest first. */
  get kept(): string[] {
    return [...this.outlines.keys()].sort();
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
    await emptyFolder(this.staging, new Pace(this.onProgress));
    const others = this.kept.filter((id) => id !== current.id);
    for (const id of others.slice(0, Math.max(0, others.length - (this.keep - 1)))) this.drop(id);
    if (current.unlisted.size > MAX_UNLISTED) await this.list(current);
    await this.removeUnused();
  }

  /** Gives a release a list of its own. */
  private async list(release: Release): Promise<void> {
    this.manifests.writeList(release.id, release.files);
    await this.flush();
    release.list = release.id;
    release.unlisted.clear();
    this.manifests.write(release.id, release);
    this.outlines.set(release.id, outlineOf(release));
  }

  /** Tells nothing while it lasts, and on a slow disk that may be minutes: so long it counts as progress. */
  private async flush(): Promise<void> {
    const began = performance.now();
    const signs = setInterval(() => performance.now() - began < MAX_FLUSH_MS && this.onProgress(), SIGN_MS);
    try {
      await flush(this.dir);
    } finally {
      clearInterval(signs);
    }
  }

  /** Forgets a release. Of the folders that no other one shares with it, the large ones are kept for the next release. */
  private drop(id: string): void {
    const { folders } = this.outlines.get(id) as Outline;
    const changed = this.changedSince(id);
    this.forgetRelease(id);
    if (changed === undefined) return;
    const used = new Set([...this.outlines.values()].flatMap((outline) => [...outline.folders.values()]));
    for (const [folder, place] of folders)
      if (!used.has(place)) this.spares.keep(folder, path.join(this.dir, place), folders, changed);
  }

  private forgetRelease(id: string): void {
    this.manifests.remove(id);
    this.outlines.delete(id);
  }

  /** The names that have changed since a release; `undefined` where that is not known. */
  private changedSince(id: string): string[] | undefined {
    const changed = new Set<string>();
    for (let at = this.kept.at(-1); at !== id; ) {
      const step = at === undefined ? undefined : this.outlines.get(at)?.step;
      if (step === undefined) return undefined;
      for (const name of step.names) changed.add(name);
      at = step.from;
    }
    return [...changed];
  }

  /**
   * Sees to it that there is room for so many bytes more, and still some for the rest of the machine: former releases give
   * way, oldest first.
   * @throws Error "ENOSPC" where that is not enough
   */
  async makeRoom(bytes: number): Promise<void> {
    if (this.hasRoom(bytes)) return;
    this.spares.clear();
    await this.removeUnused();
    const shown = this.linked();
    for (const id of this.kept.slice(0, -1)) {
      if (this.hasRoom(bytes)) return;
      if (id === shown) continue;
      this.forgetRelease(id);
      await this.removeUnused();
    }
    if (!this.hasRoom(bytes)) throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
  }

  private hasRoom(bytes: number): boolean {
    const { bavail, blocks, bsize } = fs.statfsSync(this.dir);
    return (bavail - Math.min(blocks * FREE.share, FREE.bytes / bsize)) * bsize >= bytes;
  }

  /** The release that visitors see, if it is one of ours. @throws where something else is in the link's place */
  linked(): string | undefined {
    const target = this.target();
    if (target === undefined) return undefined;
    const id = path.basename(path.dirname(target));
    return target === this.topOf(id) && RELEASE_ID.test(id) && fs.existsSync(target) ? id : undefined;
  }

  /** Where the link leads. @throws where something else is in its place */
  private target(): string | undefined {
    const stat = fs.lstatSync(this.links.now, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink())
      throw new Error(`${this.links.now} is in the way: it is no link of the publisher's; move it elsewhere`);
    return path.resolve(path.dirname(this.links.now), fs.readlinkSync(this.links.now));
  }

  /** What visitors see of `dir`, where that is no release as they are made now: an earlier version of the publisher made it. */
  private foreign(): string | undefined {
    const target = this.target();
    if (target === undefined || !target.startsWith(`${this.dir}/`)) return undefined;
    const [entry] = path.relative(this.dir, target).split("/") as [string];
    return this.outlines.has(entry) ? undefined : path.join(this.dir, entry);
  }

  private adoptNewest(): string | undefined {
    const id = this.newest();
    if (id !== undefined) this.show(id);
    return id;
  }

  private newest(): string | undefined {
    return this.ids().findLast((one) => this.outlineOf(one) !== undefined);
  }

  /** The outline of a release, if that is complete: if there is also the folder that the link would name. */
  private outlineOf(id: string): Outline | undefined {
    return fs.existsSync(this.topOf(id)) ? this.manifests.readOutline(id) : undefined;
  }

  /** Removes all that is neither staged nor part of a release, and that visitors do not see. */
  private async removeUnused(): Promise<void> {
    const foreign = this.foreign();
    const used = new Set([this.staging, this.quarantine.dir, this.spares.dir, ...this.spares.dirs]);
    for (const [id, { folders, list }] of this.outlines) {
      used.add(this.manifests.fileOf(id)).add(this.manifests.listOf(list)).add(path.join(this.dir, id));
      for (const place of folders.values()) {
        const folder = path.join(this.dir, place);
        used.add(folder).add(path.dirname(folder));
      }
    }
    const removeOthers = async (dir: string) => {
      for (const name of fs.readdirSync(dir))
        if (!used.has(path.join(dir, name))) await this.remove(path.join(dir, name));
    };
    if (foreign !== undefined) used.add(foreign);
    await removeOthers(this.dir);
    for (const id of this.ids()) {
      const dir = path.join(this.dir, id);
      if (dir !== foreign) await removeOthers(dir);
    }
    if (fs.existsSync(this.spares.dir)) await removeOthers(this.spares.dir);
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
    await removeTree(target, new Pace(this.onProgress));
  }

  /** The topmost folder of the course in a release. */
  private topOf(id: string): string {
    return path.join(this.dir, id, "0");
  }
}

function outlineOf({ folders, step, list }: Outline): Outline {
  return { folders, step, list };
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

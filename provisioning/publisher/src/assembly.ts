import * as fs from "node:fs";
import * as path from "node:path";
import { linkFile, removeFile, setFileTime } from "./compressed";
import type { Staged } from "./fetcher";
import type { Edit, FileVersion } from "./files";
import type { Folders } from "./manifest";
import { COMPRESSED, foldersOf, parentOf } from "./names";
import type { Pace } from "./pace";
import type { Release } from "./releases";
import type { Spares } from "./spares";

/** What a release is made of. */
export interface Material {
  /** The release that it differs from. */
  current: Release | undefined;
  /** For each file that is not taken from elsewhere, its verified bytes. */
  staged: ReadonlyMap<string, Staged>;
  /** Where a version is kept that the current release lacks. */
  quarantined: (version: FileVersion) => string | undefined;
  spares: Spares;
}

/** The folders of one release, made in `<dir>/<id>`. */
export class Assembly {
  readonly folders: Folders = new Map();
  /** Names in which it differs from the current release. */
  readonly changed: string[];
  /** Files that are neither staged nor where they should be. */
  readonly missing: string[] = [];
  private readonly touched = new Set([""]);
  /** The folders that were spares. */
  private readonly reused = new Map<string, { stale: Set<string>; entries: number }>();
  private made = 0;
  private readonly put: ReadonlyMap<string, FileVersion>;

  constructor(
    private readonly dir: string,
    private readonly id: string,
    edit: Edit,
    private readonly material: Material,
    private readonly pace: Pace,
  ) {
    this.put = new Map(edit.put.map((version) => [version.name, version]));
    this.changed = [...this.put.keys(), ...edit.removed];
  }

  async make(): Promise<void> {
    for (const name of this.changed) this.touch(name);
    fs.mkdirSync(path.join(this.dir, this.id), { mode: 0o755 });
    // The topmost one is made anew in any case, and first: it is number 0.
    this.enter("");
    const changed = new Set(this.changed);
    for (const [name, version] of this.material.current?.files ?? []) {
      if (this.pace.isDue) await this.pace.step();
      if (!changed.has(name)) this.include(version);
    }
    for (const version of this.put.values()) {
      if (this.pace.isDue) await this.pace.step();
      this.include(version);
    }
    this.checkReused();
  }

  private include(version: FileVersion): void {
    const { name } = version;
    const folder = parentOf(name);
    const place = this.enter(folder);
    if (!place.startsWith(`${this.id}/`)) return;
    const reused = this.reused.get(folder);
    if (reused !== undefined) reused.entries++;
    if (reused?.stale.has(name) ?? true) this.place(version, inside(this.dir, place, path.basename(name)));
  }

  /** Nobody else should have touched them. @throws where someone did; the next attempt makes them anew */
  private checkReused(): void {
    for (const [folder, { entries }] of this.reused) {
      const place = path.join(this.dir, this.folders.get(folder) ?? "");
      const missing = this.missing.filter((name) => parentOf(name) === folder).length;
      if (fs.readdirSync(place).filter((name) => name !== COMPRESSED).length !== entries - missing)
        throw new Error(`${place}: something else than the publisher has changed it; it is made anew`);
    }
  }

  /** The folder that differs, and all those above it. */
  private touch(name: string): void {
    for (const folder of foldersOf(name)) {
      if (this.touched.has(folder)) return;
      this.touched.add(folder);
    }
  }

  /** @returns where the folder is in this release */
  private enter(folder: string): string {
    const known = this.folders.get(folder);
    if (known !== undefined) return known;
    const above = folder === "" ? undefined : this.enter(parentOf(folder));
    const shared = this.touched.has(folder) ? undefined : this.material.current?.folders.get(folder);
    const place = shared ?? `${this.id}/${this.made++}`;
    this.folders.set(folder, place);
    if (shared === undefined) this.begin(folder, path.join(this.dir, place));
    if (above?.startsWith(`${this.id}/`)) {
      fs.symlinkSync(`../../${place}`, inside(this.dir, above, path.basename(folder)));
      const reused = this.reused.get(parentOf(folder));
      if (reused !== undefined) reused.entries++;
    }
    return place;
  }

  private begin(folder: string, place: string): void {
    const spare = this.material.spares.take(folder);
    if (spare === undefined) {
      fs.mkdirSync(place, { mode: 0o755 });
      return;
    }
    fs.renameSync(spare.dir, place);
    const stale = new Set(spare.stale);
    for (const name of this.changed) if (parentOf(name) === folder) stale.add(name);
    for (const name of [...stale, ...spare.folders]) removeFile(inside(place, path.basename(name)));
    this.reused.set(folder, { stale, entries: 0 });
  }

  private place(version: FileVersion, target: string): void {
    const { current, staged, quarantined } = this.material;
    const { name } = version;
    const old = current?.files.has(name) ? fileOf(this.dir, current, name) : undefined;
    const fetched = staged.get(name);
    const source = fetched?.file ?? old ?? quarantined(version);
    if (fetched !== undefined) setTime(fetched, old);
    if (source === undefined || !linkFile(version, source, target)) this.missing.push(name);
  }
}

/** Where a file of a release is. */
export function fileOf(dir: string, { id, folders }: Release, name: string): string {
  return inside(dir, folders.get(parentOf(name)) ?? `${id}/0`, path.basename(name));
}

/** The second line of defence behind `unsafeName`: no file may land outside its release. */
function inside(folder: string, ...names: string[]): string {
  const target = path.join(folder, ...names);
  if (!target.startsWith(`${folder}/`)) throw new Error(`refused to write outside ${folder}`);
  return target;
}

/**
 * Gives fetched bytes the object's time, for the web server's Last-Modified and ETag. nginx makes the ETag of size and
 * second: a version of the same second gets the next one, lest browsers keep what they have. Its size does not tell: that of a
 * compressed form may be the same by chance.
 */
function setTime({ version, file }: Staged, old: string | undefined): void {
  let seconds = Date.parse(`${version.lastModified}Z`) / 1000;
  if (Number.isNaN(seconds)) seconds = Date.now() / 1000;
  const before = old === undefined ? undefined : fs.lstatSync(old, { throwIfNoEntry: false });
  if (before?.isFile()) seconds = Math.max(seconds, Math.floor(before.mtimeMs / 1000) + 1);
  setFileTime(file, seconds);
}

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Journal } from "./journal";

/** A watch that ended is begun again after this. */
const AGAIN_MS = 30_000;

/** Whether a path lies on a FUSE mount that can be written to, by the text of `/proc/self/mountinfo`. */
export function isWritableFuse(dir: string, mountinfo: string): boolean {
  const covering = mountinfo
    .split("\n")
    .map((line) => line.split(" "))
    .map((fields) => ({
      point: fields[4] ?? "",
      options: fields[5] ?? "",
      type: fields[fields.indexOf("-") + 1] ?? "",
    }))
    .filter(({ point }) => point !== "" && `${dir}/`.startsWith(point === "/" ? "/" : `${point}/`));
  // The longest covers the others; of two at one place the later one.
  const mount = covering.reduce((best, next) => (next.point.length >= best.point.length ? next : best), {
    point: "",
    options: "",
    type: "",
  });
  return mount.type.startsWith("fuse") && mount.options.split(",").includes("rw");
}

/**
 * Sees what is written on this very machine through a writable mount, at once: inotify on FUSE tells of local writes only.
 * On a mount that is read-only, as it is by default, nothing can be written, so nothing is watched.
 */
export class LocalWrites {
  private readonly watchers = new Set<ChildProcess>();
  private stopped = false;

  constructor(private readonly journal: Journal) {}

  /** Calls what belongs to a folder whenever something below it is written; the mount of all is at `mountDir`. */
  watch(mountDir: string, folders: Map<string, () => void>): void {
    if (this.stopped) return;
    if (isWritableFuse(mountDir, readFileSync("/proc/self/mountinfo", "utf8")))
      for (const [folder, onWrite] of folders) this.watchFolder(mountDir, folder, onWrite);
    else this.journal.debug(`${mountDir} is not a writable FUSE mount: there are no local writes to watch for`);
  }

  private watchFolder(mountDir: string, folder: string, onWrite: () => void): void {
    // Node 18 can't watch a tree on Linux; and a child process can hang at the mount instead of this one.
    const events = "close_write,create,delete,moved_to,moved_from";
    const watcher = spawn("inotifywait", ["-m", "-r", "-q", "-e", events, "--format", ".", folder], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.watchers.add(watcher);
    watcher.stdout.on("data", onWrite);
    watcher.on("error", () =>
      this.journal.debug("inotifywait (package inotify-tools) can't be run: local writes are seen by polling"),
    );
    watcher.on("exit", () => {
      this.watchers.delete(watcher);
      setTimeout(() => this.watch(mountDir, new Map([[folder, onWrite]])), AGAIN_MS).unref();
    });
  }

  stop(): void {
    this.stopped = true;
    for (const watcher of this.watchers) watcher.kill("SIGKILL");
  }
}

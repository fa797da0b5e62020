import * as fs from "node:fs";
import * as path from "node:path";
import type { Config, Course } from "./config";

/** Below the web root: where the web server looks for pictures, styles and scripts that a page still open asks for after a switch. */
export const BEFORE = ".before";

/**
 * Removes from the web root the links of courses that are no longer configured there, and the folders on the way to them that are
 * empty then: another course may come in their place. Their releases stay on disk, so that a slip in the configuration costs
 * nothing.
 * @returns the links removed
 */
export function removeStrayLinks({ webRoot, releasesDir }: Config, courses: Course[]): string[] {
  const removed: string[] = [];
  const wanted = new Map(
    courses.flatMap((course) =>
      [webRoot, path.join(webRoot, BEFORE)].map(
        (root) => [path.join(root, course.path), path.join(releasesDir, course.name)] as const,
      ),
    ),
  );
  for (const link of linksBelow(webRoot)) {
    const below = path.relative(releasesDir, path.resolve(path.dirname(link), fs.readlinkSync(link)));
    // <course>/<id>/0
    const [course] = below.split("/") as [string];
    if (course === ".." || wanted.get(link) === path.join(releasesDir, course)) continue;
    fs.unlinkSync(link);
    removed.push(link);
    for (let dir = path.dirname(link); dir !== webRoot && isEmpty(dir); dir = path.dirname(dir)) fs.rmdirSync(dir);
  }
  const before = path.join(webRoot, BEFORE);
  if (fs.existsSync(before)) removeEmptyBelow(before);
  return removed;
}

/** A release before the last one goes without the folders on the way to it, in its time. */
function removeEmptyBelow(dir: string): void {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = path.join(dir, entry.name);
    removeEmptyBelow(folder);
    if (isEmpty(folder)) fs.rmdirSync(folder);
  }
}

function isEmpty(dir: string): boolean {
  return fs.readdirSync(dir).length === 0;
}

/** Links, followed nowhere. */
function* linksBelow(dir: string): Generator<string> {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name);
    if (entry.isSymbolicLink()) yield file;
    else if (entry.isDirectory()) yield* linksBelow(file);
  }
}

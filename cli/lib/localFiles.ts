import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { UserError } from "./errors";

/** A file to upload. */
export interface LocalFile {
  /** Path below the folder, with slashes: the object's name without the course's `source`. */
  name: string;
  /** Where its content is; differs from the name for a symbolic link. */
  path: string;
  bytes: number;
}

/** The files of a folder, and what in it can't be published. */
export interface LocalFiles {
  files: LocalFile[];
  skipped: { name: string; reason: string }[];
}

/** The largest object that Swift stores in one piece. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;

/** The longest object name that Swift takes, in bytes. */
const MAX_NAME_BYTES = 1024;

/** Hidden files are never served, with the one exception that the web has standardised. */
const SERVED_THOUGH_HIDDEN = ".well-known";

/**
 * Finds the files of a folder, sorted by name. Symbolic links to files inside the folder are followed, others are skipped.
 * @param boundary links may lead anywhere below this folder. Default: the folder itself.
 * @throws UserError when the folder is missing or can't be read, or a file is too large for the object store.
 */
export async function findFiles(folder: string, boundary = folder): Promise<LocalFiles> {
  const found: LocalFiles = { files: [], skipped: [] };
  let inside: string;
  try {
    inside = await realpath(boundary);
    await visit(folder, "", found, inside);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && path === folder) throw new UserError(`The folder ${folder} does not exist.`);
    if (code === "ENOTDIR" && path === folder) throw new UserError(`${folder} is not a folder.`);
    if (code === "EACCES") throw new UserError(`${path} can't be read: permission denied.`);
    throw error;
  }
  found.files.sort((a, b) => (a.name < b.name ? -1 : 1));
  return found;
}

async function visit(folder: string, prefix: string, found: LocalFiles, inside: string): Promise<void> {
  // As bytes: a name that is not UTF-8 would come back changed, and the file not be found.
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: "buffer" })) {
    const text = entry.name.toString("utf8");
    const name = prefix + text;
    const skip = (reason: string) => found.skipped.push({ name, reason });
    if (!Buffer.from(text).equals(entry.name)) skip("its name is not UTF-8");
    else if (text.startsWith(".") && text !== SERVED_THOUGH_HIDDEN) skip("hidden files are not served");
    else if (Buffer.byteLength(name) > MAX_NAME_BYTES) skip(`its path is longer than ${MAX_NAME_BYTES} bytes`);
    else if (entry.isDirectory()) await visit(join(folder, text), `${name}/`, found, inside);
    else if (entry.isFile()) await add(name, join(folder, text), found);
    else if (entry.isSymbolicLink()) await follow(name, join(folder, text), found, inside);
    else skip("it is neither a file nor a folder");
  }
}

async function follow(name: string, link: string, found: LocalFiles, inside: string): Promise<void> {
  const target = await realpath(link).catch(() => undefined);
  const skip = (reason: string) => found.skipped.push({ name, reason });
  if (target === undefined) return void skip("a link to something that is not there");
  const path = relative(inside, target);
  if (path === ".." || path.startsWith(`..${sep}`)) return void skip("a link to something outside of the folder");
  if (!(await stat(target)).isFile()) return void skip("a link to a folder");
  await add(name, target, found);
}

async function add(name: string, path: string, found: LocalFiles): Promise<void> {
  const { size } = await stat(path);
  if (size > MAX_OBJECT_BYTES) {
    throw new UserError(`${path} is larger than 5 GiB, the most that the object store takes in one piece.`);
  }
  found.files.push({ name, path, bytes: size });
}

import { existsSync, promises as fs, linkSync, mkdirSync, rmSync, utimesSync } from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { FileVersion } from "./files";
import { COMPRESSED } from "./names";
import { Line } from "./pace";

/** What compresses well. The web server looks for compressed forms of these alone: its list is in site.conf. */
export const TEXT = /\.(?:html?|css|m?js|json|map|webmanifest|svg|xml|txt|md|csv|py|rur|ipynb)$/i;
/** Smaller ones fit into a packet or two as they are. */
const MIN_BYTES = 1_024;
/** Larger ones would take too much memory here: the web server compresses them while it sends them. */
const MAX_BYTES = 4 * 1024 ** 2;
/** So many files at a time, whatever the number of courses: for memory, and so that other threads are left for the disk. */
const line = new Line(2);

/**
 * By the names that the web server has for them. Of brotli's qualities 5 takes as long as gzip for a page and makes it a tenth
 * smaller; those from 9 on take ten times as long. Its window is small for the sake of memory.
 */
const ENCODERS: Record<string, (plain: Buffer) => Promise<Buffer>> = {
  gzip: (plain) => promisify(gzip)(plain),
  br: (plain) =>
    promisify(brotliCompress)(plain, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 5,
        [constants.BROTLI_PARAM_LGWIN]: 18,
        [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
      },
    }),
};
const ENCODINGS = Object.keys(ENCODERS);

/** Whether a file is published with compressed forms. */
export function isCompressible({ name, bytes, dynamicEtag }: FileVersion): boolean {
  // Of a dynamic large object the listing does not know the size.
  return bytes >= MIN_BYTES && bytes <= MAX_BYTES && dynamicEtag === undefined && TEXT.test(name);
}

/** Bytes that the compressed forms of a file take, generously. */
export function compressedBytes(version: FileVersion): number {
  return isCompressible(version) ? version.bytes / 2 : 0;
}

/**
 * Makes the compressed forms of what is in `from`, for a file that will be at `to`. One that is not smaller than the plain
 * file, or than the form before it, is not kept: so all that is served by one name and time differs in size, and
 * with that in nginx's ETag. What the disk does not let be made is missing, and the web server does without it.
 */
export function compress(from: string, to: string): Promise<void> {
  return line.run(async () => {
    try {
      const plain = await fs.readFile(from);
      let smallest = plain.length;
      for (const [encoding, encode] of Object.entries(ENCODERS)) {
        const bytes = await encode(plain);
        if (bytes.length >= smallest) continue;
        smallest = bytes.length;
        const part = formOf(from, encoding);
        await fs.mkdir(path.dirname(part), { recursive: true, mode: 0o755 });
        await fs.writeFile(part, bytes, { mode: 0o644 });
        await fs.rename(part, formOf(to, encoding));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    }
  });
}

/** Links a file, if it is there, and what it has of compressed forms. @returns whether it is there */
export function linkFile(version: FileVersion, from: string, to: string): boolean {
  if (!linkIfThere(from, to)) return false;
  for (const encoding of isCompressible(version) ? ENCODINGS : []) {
    const [source, target] = [formOf(from, encoding), formOf(to, encoding)];
    // What is missing may be the form, or the folder that it belongs into.
    if (linkIfThere(source, target) || !existsSync(source)) continue;
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 });
    linkIfThere(source, target);
  }
  return true;
}

/** Sets the time of a file and of its compressed forms, in seconds. */
export function setFileTime(file: string, seconds: number): void {
  utimesSync(file, seconds, seconds);
  for (const form of formsOf(file)) if (existsSync(form)) utimesSync(form, seconds, seconds);
}

/** Removes a file and its compressed forms, as far as they are there. */
export function removeFile(file: string): void {
  for (const one of [file, ...formsOf(file)]) rmSync(one, { force: true });
}

function formsOf(file: string): string[] {
  return ENCODINGS.map((encoding) => formOf(file, encoding));
}

/** Beside the file, under its own name, so that it has its own type. */
function formOf(file: string, encoding: string): string {
  return path.join(path.dirname(file), COMPRESSED, encoding, path.basename(file));
}

function linkIfThere(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

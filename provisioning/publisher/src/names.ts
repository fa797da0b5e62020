/** Bytes of a name in a folder, on every file system that Linux has in use. */
const MAX_SEGMENT_BYTES = 255;
/** Linux takes paths up to 4,095 bytes; the release's own folder needs some of them. */
const MAX_PATH_BYTES = 3_500;

/** In each folder of a release, the one with the compressed forms of its files (see `compressed.ts`). */
export const COMPRESSED = ".compressed";

/**
 * Why a name can't be a file below a course's folder, or `undefined` where it can.
 * Names are taken as they are: Korean in NFC and in NFD are two names, as they are two objects in the store.
 */
export function unsafeName(name: string): string | undefined {
  if (name === "") return "the name is empty";
  if (/\p{Cc}/u.test(name)) return "control character in the name";
  if (/\p{Surrogate}/u.test(name)) return "the name is not valid Unicode";
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) return `the name is longer than ${MAX_PATH_BYTES} bytes`;
  for (const segment of name.split("/")) {
    if (segment === "") return "empty folder name (a slash at the beginning, or two in a row)";
    if (segment === COMPRESSED) return `"${segment}" is a name that the publisher itself uses`;
    if (segment === "." || segment === "..") return `"${segment}" as a folder name`;
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)
      return `a part of the name is longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

/** The folders a file lies in, nearest first: `a/b/c` gives `a/b`, `a`. */
export function* foldersOf(name: string): Generator<string> {
  for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) yield name.slice(0, end);
}

/** The folder that a file or folder lies in; `""` is the course itself. */
export function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

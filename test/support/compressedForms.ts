import * as fs from "node:fs";
import * as path from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { COMPRESSED } from "../../provisioning/publisher/src/names";

const DECODERS: Record<string, (bytes: Buffer) => Buffer> = { br: brotliDecompressSync, gzip: gunzipSync };

/** What a folder of a release has of compressed forms: `<encoding>/<name>`, sorted. @throws Error unless each is what its file is */
export function compressedForms(folder: string): string[] {
  const forms: string[] = [];
  for (const [encoding, decode] of Object.entries(DECODERS)) {
    const dir = path.join(folder, COMPRESSED, encoding);
    for (const name of fs.existsSync(dir) ? fs.readdirSync(dir).sort() : []) {
      const [form, file] = [path.join(dir, name), path.join(folder, name)];
      if (!decode(fs.readFileSync(form)).equals(fs.readFileSync(file))) throw new Error(`${form} is not ${file}`);
      // nginx makes the ETag of time and size, and Last-Modified of the time.
      const [a, b] = [fs.statSync(form), fs.statSync(file)];
      if (a.mtimeMs !== b.mtimeMs || a.size >= b.size)
        throw new Error(`${form} has the time or the size of another one`);
      forms.push(`${encoding}/${name}`);
    }
  }
  return forms;
}

const { existsSync, readdirSync } = require("node:fs");
const { mkdir, mkdtemp, readdir, rename, rm, stat } = require("node:fs/promises");
const path = require("node:path");
const { fingerprintOf } = require("../toolchain/fingerprint.cjs");

const ROOT = path.resolve(__dirname, "..");
const CACHE = path.join(ROOT, ".cache", "bundles");
/** What was made longer ago from other sources is not in use any more. */
const KEPT_MS = 24 * 60 * 60 * 1000;

async function bundle(name, entryPoint, sources, options) {
  const files = [...sources, "program/bundle.cjs", "package-lock.json"].flatMap(filesOf);
  const folder = path.join(CACHE, name, fingerprintOf(ROOT, files, JSON.stringify([ROOT, options])));
  const file = path.join(folder, "index.cjs");
  if (existsSync(file)) return file;
  await mkdir(path.dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.partial-`);
  // Not needed, and not loaded, as long as nothing has changed.
  const { build } = require("esbuild");
  try {
    await build({
      absWorkingDir: ROOT,
      entryPoints: [entryPoint],
      outfile: path.join(partial, "index.cjs"),
      bundle: true,
      platform: "node",
      format: "cjs",
      charset: "utf8",
      // The editor's settings must not change what is built.
      tsconfigRaw: {},
      logLevel: "silent",
      ...options,
    });
    await rename(partial, folder);
    await removeFormer(path.dirname(folder));
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another one has built the same meanwhile.
    if (!existsSync(file)) throw error;
  }
  return file;
}

async function removeFormer(folder) {
  for (const name of await readdir(folder)) {
    const former = path.join(folder, name);
    const { mtimeMs } = await stat(former).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(former, { recursive: true, force: true });
  }
}

function filesOf(source) {
  if (path.extname(source)) return [source];
  const files = readdirSync(path.join(ROOT, source), { recursive: true, encoding: "utf8" }).sort();
  return files.filter((file) => /\.(ts|cjs)$/.test(file)).map((file) => path.join(source, file));
}

module.exports = { bundle };

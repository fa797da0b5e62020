const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { createRequire, wrap } = require("node:module");
const path = require("node:path");
const { Script } = require("node:vm");

/** After so long, what a program needs at each start has been compiled. */
const COMPILED_MS = 1_000;

/**
 * `require` of a bundle (bundle.cjs). What V8 has compiled of it is kept beside it for the next start, of which compiling a megabyte is a third.
 *
 * @param {string} file absolute path
 * @returns what it exports
 */
function load(file) {
  const cache = `${file}.${process.version}-${process.arch}`;
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const script = new Script(wrap(readFileSync(file, "utf8")), { filename: file, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) setTimeout(() => keep(script, cache), COMPILED_MS).unref();
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, path.dirname(file));
  return module.exports;
}

function keep(script, cache) {
  const partial = `${cache}.${process.pid}.partial`;
  try {
    writeFileSync(partial, script.createCachedData());
    renameSync(partial, cache);
  } catch {
    // It only saves time.
  }
}

module.exports = { load };

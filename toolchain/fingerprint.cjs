const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const path = require("node:path");

function fingerprintOf(folder, files, how = "") {
  const hash = createHash("sha256").update(how);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(path.join(folder, file)));
  return hash.digest("hex").slice(0, 16);
}

module.exports = { fingerprintOf };

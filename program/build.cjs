const { readFile } = require("node:fs/promises");
const path = require("node:path");
const { bundle } = require("./bundle.cjs");

/** What the program is made from. */
const SOURCES = [
  ...["index.ts", "program", "config", "preflight", "components"],
  ...["openstack", "swift", "provisioning", "toolchain"],
];

function buildProgram() {
  return bundle("program", "index.ts", SOURCES, {
    target: "node20",
    // It is read at each preview, and its names are part of messages.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    // Pulumi's own parts are those that the language host has loaded already.
    external: ["@pulumi/pulumi/*", "esbuild"],
    plugins: [lightSdk, ownFolder],
  });
}

/** For the plugins' packages as well. */
const lightSdk = {
  name: "light-sdk",
  setup({ onResolve }) {
    onResolve({ filter: /^@pulumi\/pulumi$/ }, () => ({ path: path.join(__dirname, "sdk.ts") }));
    onResolve({ filter: /^@pulumi\/pulumi\/runtime$/ }, () => ({ path: path.join(__dirname, "runtime.ts") }));
  },
};

/** The folder of each source, for those that look for other files from there. */
const ownFolder = {
  name: "own-folder",
  setup({ onLoad }) {
    onLoad({ filter: /\.(ts|cjs)$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      if (file.includes("node_modules") || !text.includes("__dirname")) return undefined;
      const contents = `const __dirname = ${JSON.stringify(path.dirname(file))};${text}`;
      return { contents, loader: file.endsWith(".ts") ? "ts" : "js" };
    });
  },
};

module.exports = { buildProgram };

const path = require("node:path");
const { bundle } = require("../program/bundle.cjs");

/** The policy pack, pack.ts, as one file; as TypeScript it would take Pulumi seconds to start. @returns its absolute path */
function buildPolicyPack() {
  return bundle("policy", "policy/pack.ts", ["policy", "config"], {
    target: "node20",
    // It is read at each preview.
    minify: true,
    plugins: [withoutCompiler],
  });
}

/** `@pulumi/policy` needs two classes of `@pulumi/pulumi`, which as a whole brings TypeScript's compiler along: five times the size. */
const withoutCompiler = {
  name: "without-compiler",
  setup({ onResolve }) {
    onResolve({ filter: /^@pulumi\/pulumi$/ }, () => ({ path: path.join(__dirname, "pulumi.ts") }));
  },
};

module.exports = { buildPolicyPack };

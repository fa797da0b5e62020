// What Pulumi runs: the program of index.ts as one file, so that a preview takes little longer than that of an empty program.
const { buildProgram } = require("./program/build.cjs");
const { load } = require("./program/load.cjs");

// What helps those who debug Pulumi itself takes a tenth of the time of all the rest. It asks for the stack of every promise, by an error
// without a message, of which each would be led back to its sources; and sends a line for `--debug` to the engine at every step.
if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  const withSources = Error.prepareStackTrace;
  if (withSources)
    Error.prepareStackTrace = (error, frames) => (error.message === "" ? "" : withSources(error, frames));
  require("@pulumi/pulumi/log").debug = () => Promise.resolve();
}

module.exports = buildProgram().then((file) => load(file)());

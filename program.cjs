// What Pulumi runs: the program of index.ts as one file, so that a preview takes little longer than that of an empty program.
const { buildProgram } = require("./program/build.cjs");

// Pulumi asks for the stack of every promise, by an error without a message, and shows it in search of promises that were never
// settled only. Each would be led back to its sources.
const withSources = Error.prepareStackTrace;
if (withSources && !process.env.PULUMI_DEBUG_PROMISE_LEAKS)
  Error.prepareStackTrace = (error, frames) => (error.message === "" ? "" : withSources(error, frames));

module.exports = buildProgram().then((file) => require(file)());

// npm run bench:gateway: the upload gateway and rclone's servers side by side: one real store, the same clients, the same files.
import { writeFileSync } from "node:fs";
import { parseArguments, usageError } from "../../cli/lib/arguments";
import { runMain, UserError } from "../../cli/lib/errors";
import { interruption, listenForInterruption } from "../../cli/lib/interruption";
import { Lane } from "../../cli/lib/progress";
import { whyNoContainers } from "../../test/support/systemdContainer";
import { GatewayBench } from "./host";
import { plotSvg } from "./plot";
import { type Report, reportText } from "./report";
import { SERVERS } from "./servers";

const USAGE = `Usage: npm run bench:gateway -- [options]

Measures the upload gateway and rclone's servers beside it. Needs root and the packages mmdebstrap and systemd-container.
  --rounds NUMBER  each server in turn, so often (default: 3)
  --files NUMBER   small files, sent over 4 connections (default: 1800)
  --large MB       size of the one large file (default: 1024)
  --entries NUMBER in the folder that is listed (default: 10000)
  --json FILE      writes everything that was measured
  --plot FILE      draws it, as SVG`;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    rounds: { type: "string", default: "3" },
    files: { type: "string", default: "1800" },
    large: { type: "string", default: "1024" },
    entries: { type: "string", default: "10000" },
    json: { type: "string" },
    plot: { type: "string" },
  });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  const number = (name: "rounds" | "files" | "large" | "entries") => {
    if (!/^[1-9]\d{0,5}$/.test(values[name])) throw usageError(`--${name} must be a whole number above 0.`, USAGE);
    return Number(values[name]);
  };
  const sizes = { files: number("files"), largeMb: number("large"), entries: number("entries") };
  const rounds = number("rounds");
  const impossible = whyNoContainers();
  if (impossible) throw new UserError(`The benchmark can't run here: ${impossible}.`);
  listenForInterruption();

  const lane = new Lane("bench");
  const report: Report = { at: new Date().toISOString(), ...sizes, measured: [] };
  lane.line("booting the container");
  const bench = await GatewayBench.boot(sizes, (line) => lane.line(line));
  try {
    lane.line("from the gateway's 226 to the site");
    report.toSiteMs = await bench.measureToSite();
    lane.line(`storing ${sizes.entries} objects to be listed`);
    await bench.fill();
    lane.line("the small files straight into the store");
    report.storeSeconds = await bench.measureStore();
    for (let round = 1; round <= rounds; round++) {
      // Each begins a round once, lest one is favoured by what the store has done just before.
      for (const server of SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length] as (typeof SERVERS)[number])) {
        interruption.throwIfAborted();
        lane.line(`round ${round} of ${rounds}: ${server.title}`);
        report.measured.push({ server: server.name, ...(await bench.measure(server, round)) });
      }
    }
  } finally {
    lane.line("removing the container");
    await bench.stop();
  }
  lane.end();
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.plot) writeFileSync(values.plot, plotSvg(report));
  process.stdout.write(`\n${reportText(report)}`);
  return 0;
});

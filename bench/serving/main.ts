// npm run bench:serving: the web server beside bare nginx, nginx on the mount, and caddy: the same files, the same load.
import { writeFileSync } from "node:fs";
import { parseArguments, usageError } from "../../cli/lib/arguments";
import { runMain, UserError } from "../../cli/lib/errors";
import { interruption, listenForInterruption } from "../../cli/lib/interruption";
import { Lane } from "../../cli/lib/progress";
import { whyNoContainers } from "../../test/support/systemdContainer";
import { barsSvg } from "../bars";
import { FILES, ServingBench, type Size } from "./host";
import { panelsOf, type Report, reportText } from "./report";
import { SERVERS, type Server } from "./servers";

const USAGE = `Usage: npm run bench:serving -- [options]

Measures the web server, and others beside it. Needs root and the packages mmdebstrap and systemd-container.
  --rounds NUMBER   each server in turn, so often (default: 3)
  --seconds NUMBER  of each load (default: 5)
  --json FILE       writes everything that was measured
  --plot FILE       draws it, as SVG`;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    json: { type: "string" },
    plot: { type: "string" },
  });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  const number = (name: "rounds" | "seconds") => {
    if (!/^[1-9]\d{0,2}$/.test(values[name]))
      throw usageError(`--${name} must be a whole number from 1 to 999.`, USAGE);
    return Number(values[name]);
  };
  const [rounds, seconds] = [number("rounds"), number("seconds")];
  const impossible = whyNoContainers();
  if (impossible) throw new UserError(`The benchmark can't run here: ${impossible}.`);
  listenForInterruption();

  const lane = new Lane("bench");
  const report: Report = { at: new Date().toISOString(), seconds, measured: [] };
  lane.line("booting the container");
  const bench = await ServingBench.boot();
  try {
    for (let round = 1; round <= rounds; round++) {
      // Each begins a round once, lest one is favoured by what the machine has done just before.
      for (const server of SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length] as Server)) {
        lane.line(`round ${round} of ${rounds}: ${server.title}`);
        for (const protocol of ["http", "https"] as const) {
          for (const size of Object.keys(FILES) as Size[]) {
            interruption.throwIfAborted();
            const load = await bench.load(server, protocol, size, seconds);
            report.measured.push({ server: server.name, protocol, size, ...load });
          }
        }
      }
    }
    lane.line("visitors while nothing happens");
    report.quiet = await bench.visits("nothing");
    lane.line("visitors while files are stored that are not published");
    report.storing = await bench.visits("storing");
    lane.line("visitors during a publication");
    report.publishing = await bench.visits("publishing");
  } finally {
    lane.line("removing the container");
    await bench.stop();
  }
  lane.end();
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.plot) writeFileSync(values.plot, barsSvg("The web server beside others", panelsOf(report)));
  process.stdout.write(`\n${reportText(report)}`);
  return 0;
});

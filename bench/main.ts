// npm run bench: this publisher and other ways of keeping a site in step with a store, side by side.
import { accessSync, constants, existsSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { parseArguments, usageError } from "../cli/lib/arguments";
import { runMain, UserError } from "../cli/lib/errors";
import { count, Lane } from "../cli/lib/progress";
import { type Driver, whyNoCloudfuse } from "../test/support/courseHost";
import { whyNoContainers } from "../test/support/systemdContainer";
import { CONTENDERS, type Contender } from "./contenders";
import { BenchCourse } from "./course";
import { BenchHost } from "./host";
import { measureChanges, measureIdle, measureOutages, type Subject } from "./measure";
import { plotSvg } from "./plot";
import { type Report, type Row, reportText, type SizeReport } from "./report";

const USAGE = `Usage: npm run bench -- [options]

Measures this publisher and others beside it: one real store, one course, the same changes. Needs root and the packages
mmdebstrap and systemd-container. A complete run takes hours; what it stores first is kept in .cache/bench.
  --sizes LIST       numbers of objects (default: 300,10000,100000)
  --contenders LIST  names out of: ${CONTENDERS.map(({ name }) => name).join(", ")} (default: all)
  --changes NUMBER   changes for each (default: 20 up to 300 objects, 10 up to 10,000, 5 above)
  --idle SECONDS     how long each is watched while nothing changes (default: 20)
  --no-outages       leaves out what happens while the store fails (measured with up to 300 objects)
  --driver NAME      of the mount: cloudfuse or rclone (default: cloudfuse where its sources can be had)
  --json FILE        writes everything that was measured
  --plot FILE        draws the latencies, as SVG`;

const OUTAGES_UP_TO = 300;

interface Options {
  changes: number | undefined;
  idleSeconds: number;
  outages: boolean;
  driver: Driver;
  contenders: Contender[];
}

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, {
    sizes: { type: "string", default: "300,10000,100000" },
    contenders: { type: "string", default: CONTENDERS.map(({ name }) => name).join(",") },
    changes: { type: "string" },
    idle: { type: "string", default: "20" },
    "no-outages": { type: "boolean", default: false },
    driver: { type: "string" },
    json: { type: "string" },
    plot: { type: "string" },
  });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  const options: Options = {
    changes: values.changes === undefined ? undefined : wholeNumber("changes", values.changes),
    idleSeconds: wholeNumber("idle", values.idle),
    outages: !values["no-outages"],
    driver: driverOf(values.driver),
    contenders: values.contenders.split(",").map(contenderOf),
  };
  const sizes = values.sizes.split(",").map((size) => wholeNumber("sizes", size));
  const impossible = whyNoContainers();
  if (impossible) throw new UserError(`The benchmark can't run here: ${impossible}.`);

  for (const file of [values.json, values.plot]) if (file) mustBeWritable(file);

  const report: Report = {
    at: new Date().toISOString(),
    machine: machine(),
    driver: options.driver,
    idleSeconds: options.idleSeconds,
    sizes: [],
  };
  const lane = new Lane("bench");
  for (const size of sizes) {
    report.sizes.push(await measureSize(size, options, (line) => lane.line(`${count(size)}: ${line}`)));
    if (values.plot) writeFileSync(values.plot, plotSvg(report));
    if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  lane.end();
  process.stdout.write(`\n${reportText(report)}`);
  return 0;
});

async function measureSize(size: number, options: Options, say: (line: string) => void): Promise<SizeReport> {
  const course = new BenchCourse(size);
  say("booting the container");
  const host = await BenchHost.boot(course, options.driver);
  try {
    return await Promise.race([measureOn(host, course, options, say), interruption()]);
  } finally {
    // Its disk has the whole store on it: it must go, however this ends.
    say("removing the container");
    await host.stop();
  }
}

async function measureOn(
  host: BenchHost,
  course: BenchCourse,
  options: Options,
  say: (line: string) => void,
): Promise<SizeReport> {
  await host.prepare(say);
  say("this publisher's first publication");
  const firstPublicationMs = await host.firstPublication(say);
  say(`published in ${firstPublicationMs} ms; all others begin with a copy of this release`);
  const rows: Row[] = [];
  for (const contender of options.contenders) {
    // Each publishes alone, and only the mount with it.
    for (const other of CONTENDERS) await host.end(other);
    rows.push(await measureContender({ host, course, contender, say }, options));
  }
  return { objects: course.size, firstPublicationMs, rows };
}

/** Rejects once the user, or the system, asks to stop. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => reject(new UserError("Interrupted.", 130)));
  });
}

/** A contender that fails has a row that says why; the others go on. */
async function measureContender(subject: Subject, options: Options): Promise<Row> {
  const { host, course, contender, say } = subject;
  const row: Row = { name: contender.name, title: contender.title };
  try {
    say(`${contender.name}: starting`);
    await host.start(contender, say);
    say(`${contender.name}: idle for ${options.idleSeconds} s`);
    const perIdleMinute = await measureIdle(subject, options.idleSeconds);
    const limitSeconds = course.size > 10_000 ? 180 : 60;
    const changes = await measureChanges(subject, options.changes ?? changesFor(course.size), limitSeconds);
    row.measured = { ...changes, limitSeconds, perIdleMinute };
    if (!(await host.isRunning(contender))) row.problem = `it ended by itself: ${await host.lastWords(contender)}`;
    await host.end(contender);
    if (options.outages && course.size <= OUTAGES_UP_TO) row.outages = await measureOutages(subject);
  } catch (error) {
    row.problem = String(error instanceof Error ? error.message : error).split("\n")[0] ?? "";
    say(`${contender.name}: ${row.problem}`);
  }
  return row;
}

function changesFor(size: number): number {
  if (size <= 300) return 20;
  return size <= 10_000 ? 10 : 5;
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw usageError(`--${option}: "${text}" is not a whole number above 0.`, USAGE);
  return Number(text);
}

function contenderOf(name: string): Contender {
  const contender = CONTENDERS.find((one) => one.name === name);
  if (contender === undefined) throw usageError(`--contenders: there is no "${name}".`, USAGE);
  return contender;
}

/** Before anything begins that takes hours. */
function mustBeWritable(file: string): void {
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch {
    throw new UserError(`${file} can't be written.`);
  }
}

function driverOf(name: string | undefined): Driver {
  if (name === undefined) return whyNoCloudfuse() === undefined ? "cloudfuse" : "rclone";
  if (name !== "cloudfuse" && name !== "rclone") throw usageError(`--driver: there is no "${name}".`, USAGE);
  const missing = name === "cloudfuse" ? whyNoCloudfuse() : undefined;
  if (missing) throw new UserError(missing);
  return name;
}

function machine(): Report["machine"] {
  const [load = 0] = loadavg();
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? "unknown",
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    load,
  };
}

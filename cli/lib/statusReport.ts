import { existsSync } from "node:fs";
import { join } from "node:path";
import { findToolchain } from "../../toolchain/ensure";
import { type DevcloudStatus, devcloudStatus } from "./devcloud";
import { updatingProcess } from "./devStack";
import { domainProblem } from "./dnsRecords";
import { UserError } from "./errors";
import { BACKEND } from "./paths";
import { part } from "./problems";
import { type ServerReport, serverReport } from "./serverReport";
import { askHttp } from "./site";
import { serversOf } from "./ssh";
import { isDev, PROJECT, Stack, type StackOutputs } from "./stack";

/** What `npm run status` knows. A part that could not be asked is missing, and `problems` says why. */
export interface StatusReport {
  stackName: string;
  /** Only for the stack `dev`. */
  devcloud?: DevcloudStatus;
  stack?: StackFacts;
  /** The first one first. */
  servers: ServerReport[];
  /** Sign-in URL of the object store that the content is copied from; only in a mirror. */
  mirrorOf?: string;
  courses: CourseReport[];
  /** Everything that does not work, in words. */
  problems: string[];
}

/** What Pulumi knows about a stack. */
export interface StackFacts {
  resources: number;
  lastUpdate?: { kind: string; result: string; endedAt: string };
  siteUrl?: string;
  /** Number of the Pulumi process that is at work on it (only for the stack `dev`). */
  updating?: number;
}

/** A course as its visitors see it. */
export interface CourseReport {
  name: string;
  url: string;
  /** HTTP status, or why there is none. */
  http: number | string;
}

/** Asks everything there is to ask, at the same time where possible. */
export async function collectReport(stackName: string): Promise<StatusReport> {
  const report: StatusReport = { stackName, servers: [], courses: [], problems: [] };
  await Promise.all([
    isDev(stackName) ? part(report.problems, "dev cloud", () => reportDevcloud(report)) : undefined,
    part(report.problems, `stack ${stackName}`, async () => {
      const outputs = await reportStack(report, stackName);
      await Promise.all([reportServers(report, outputs), reportDomain(report, outputs)]);
      await reportCourses(report, outputs);
    }),
  ]);
  return report;
}

async function reportDevcloud(report: StatusReport): Promise<void> {
  const status = await devcloudStatus();
  report.devcloud = status;
  if (!status.running) throw new UserError("it does not run: start it with `npm run up`");
  const broken = Object.keys(status.services).filter((name) => !status.services[name]);
  if (broken.length > 0) throw new UserError(`${broken.join(", ")} ${broken.length > 1 ? "do" : "does"} not answer`);
  const down = status.servers.filter((server) => server.status !== "ACTIVE");
  if (down.length > 0)
    throw new UserError(down.map((server) => `server ${server.name} is ${server.status}`).join(", "));
}

async function reportStack(report: StatusReport, name: string): Promise<StackOutputs> {
  if (isDev(name) && !existsSync(join(BACKEND, ".pulumi", "stacks", PROJECT))) {
    throw new UserError("not there yet: make it with `npm run up`");
  }
  const toolchain = await findToolchain();
  if (!toolchain) throw new UserError("Pulumi is not there yet: `npm run pulumi -- version` gets it");
  const stack = new Stack(name, toolchain);
  const [outputs, facts] = await Promise.all([stack.outputs(), stackFacts(stack)]);
  const updating = isDev(name) ? updatingProcess() : undefined;
  report.stack = { ...facts, ...(outputs && { siteUrl: outputs.siteUrl }), ...(updating && { updating }) };
  if (outputs?.mirrorOf) report.mirrorOf = outputs.mirrorOf;
  if (!updating && facts.lastUpdate && facts.lastUpdate.result !== "succeeded") {
    report.problems.push(`stack ${name}: its last ${facts.lastUpdate.kind} ${facts.lastUpdate.result}`);
  }
  if (outputs) return outputs;
  throw new UserError(
    updating
      ? "it has no web server yet"
      : "it has no web server: make it with `npm run up`, or `npm run pulumi -- up`",
  );
}

async function stackFacts(stack: Stack): Promise<StackFacts> {
  const [list, history] = await Promise.all([
    stack.json<{ name: string; resourceCount?: number }[]>(["stack", "ls", "--output", "json", "--project", PROJECT]),
    stack.json<{ kind: string; result: string; endTime: string }[]>([
      "stack",
      "history",
      "--output",
      "json",
      "--page-size",
      "1",
    ]),
  ]);
  const own = list.find((one) => one.name === stack.name || one.name.endsWith(`/${stack.name}`));
  const last = history[0];
  return {
    resources: own?.resourceCount ?? 0,
    ...(last && { lastUpdate: { kind: last.kind, result: last.result, endedAt: last.endTime } }),
  };
}

async function reportServers(report: StatusReport, outputs: StackOutputs): Promise<void> {
  report.servers = await Promise.all(serversOf(outputs).map((_, index) => serverReport(outputs, index + 1)));
  for (const { name, problems } of report.servers)
    report.problems.push(...problems.map((problem) => (report.servers.length > 1 ? `${name}: ${problem}` : problem)));
}

async function reportDomain(report: StatusReport, { dnsRecords = [], dnsZone }: StackOutputs): Promise<void> {
  const keeper = dnsZone === undefined ? undefined : { stack: report.stackName, zone: dnsZone };
  const problems = await Promise.all(dnsRecords.map((record) => domainProblem(record, keeper)));
  report.problems.push(...problems.flatMap((problem) => (problem === undefined ? [] : `DNS: ${problem}`)));
}

async function reportCourses(report: StatusReport, { courseUrls }: StackOutputs): Promise<void> {
  // Where no server has a certificate of a name yet, it is served by HTTP.
  const isPlain = (name: string) =>
    report.servers.every(({ certificate }) => certificate && (!certificate.ends || certificate.missing.includes(name)));
  report.courses = await Promise.all(
    Object.entries(courseUrls).map(async ([name, declared]) => {
      const url = isPlain(new URL(declared).hostname) ? declared.replace(/^https:/, "http:") : declared;
      return { name, url, http: (await askHttp(url)).status };
    }),
  );
  for (const { name, url, http } of report.courses)
    if (http !== 200) report.problems.push(`course ${name}: ${url} answers ${http}`);
}

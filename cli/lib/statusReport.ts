import { existsSync } from "node:fs";
import { join } from "node:path";
import { findToolchain } from "../../toolchain/ensure";
import { CERTIFICATE_COMMAND, type CertificateStatus, certificateProblem, certificateStatus } from "./certificate";
import { MIRROR_COMMAND, type MirrorStatus, mirrorProblem, mirrorStatus } from "./contentMirror";
import { type DevcloudStatus, devcloudStatus } from "./devcloud";
import { updatingProcess } from "./devStack";
import { domainProblem } from "./dnsRecords";
import { describe, UserError } from "./errors";
import { Interrupted } from "./interruption";
import { BACKEND } from "./paths";
import { type CourseStatus, PUBLISHER_COMMAND, publisherStatus, type Status } from "./publisher";
import { askHttp } from "./site";
import { isDev, PROJECT, Stack, type StackOutputs } from "./stack";
import { GATEWAY_COMMAND, type GatewayStatus, gatewayStatus } from "./uploadGateway";
import { type Answer, askWebServer } from "./webServer";

/** What `npm run status` knows. A part that could not be asked is missing, and `problems` says why. */
export interface StatusReport {
  stackName: string;
  /** Only for the stack `dev`. */
  devcloud?: DevcloudStatus;
  stack?: StackFacts;
  mount?: Status["mount"];
  /** Only where the stack has an upload gateway. */
  uploads?: GatewayStatus;
  /** Only where the site has a domain and HTTPS. */
  certificate?: CertificateStatus;
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

/** A course as its visitors and its publisher see it. */
export interface CourseReport {
  name: string;
  url: string;
  /** HTTP status, or why there is none. */
  http: number | string;
  publisher?: CourseStatus;
  /** Only in a mirror. */
  mirror?: MirrorStatus;
}

/** Asks everything there is to ask, at the same time where possible. */
export async function collectReport(stackName: string): Promise<StatusReport> {
  const report: StatusReport = { stackName, courses: [], problems: [] };
  await Promise.all([
    isDev(stackName) ? part(report, "dev cloud", () => reportDevcloud(report)) : undefined,
    part(report, `stack ${stackName}`, async () => {
      const outputs = await reportStack(report, stackName);
      const [answers] = await Promise.all([
        part(report, "web server", () => askServices(outputs)),
        part(report, "DNS", () => reportDomain(outputs)),
      ]);
      const publisher = answers && (await reportServices(report, outputs, answers));
      await reportCourses(report, outputs, publisher);
      await part(report, "mirror", async () => answers?.mirror && reportMirror(report, answers.mirror));
    }),
  ]);
  return report;
}

/** Asks for one part; a failure becomes a line of the report. */
async function part<Answer>(
  report: StatusReport,
  what: string,
  ask: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    report.problems.push(`${what}: ${describe(error)}`);
    return undefined;
  }
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
  if (isDev(name) && !process.env.PULUMI_BACKEND_URL && !existsSync(join(BACKEND, ".pulumi", "stacks", PROJECT))) {
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

/** Asks all services of the web server. */
async function askServices(outputs: StackOutputs): Promise<Record<string, Answer>> {
  return await askWebServer(outputs, {
    publisher: PUBLISHER_COMMAND,
    ...(outputs.uploadUrls && { gateway: GATEWAY_COMMAND }),
    ...(outputs.mirrorOf && { mirror: MIRROR_COMMAND }),
    ...(outputs.siteUrl.startsWith("https:") && { certificate: CERTIFICATE_COMMAND }),
  });
}

async function reportDomain({ dnsRecords = [] }: StackOutputs): Promise<void> {
  const problems = await Promise.all(dnsRecords.map((record) => domainProblem(record)));
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new UserError(found.join("; "));
}

/** @returns what the publisher says */
async function reportServices(
  report: StatusReport,
  outputs: StackOutputs,
  { publisher, gateway, certificate }: Record<string, Answer>,
): Promise<Status | undefined> {
  await part(report, "upload gateway", async () => {
    if (gateway) report.uploads = gatewayStatus(gateway, outputs.uploadUrls ?? []);
    if (report.uploads && report.uploads.state !== "active")
      throw new UserError(
        `it is ${report.uploads.state}: npm run ssh -- sudo journalctl --unit upload-gateway --lines 20`,
      );
  });
  await part(report, "certificate", async () => {
    if (certificate) report.certificate = certificateStatus(certificate);
    const problem = report.certificate && certificateProblem(report.certificate);
    if (problem) throw new UserError(problem);
  });
  return await part(report, "publisher", async () => publisher && publisherStatus(publisher));
}

async function reportCourses(
  report: StatusReport,
  { courseUrls }: StackOutputs,
  publisher: Status | undefined,
): Promise<void> {
  const { certificate } = report;
  report.courses = await Promise.all(
    Object.entries(courseUrls).map(async ([name, declared]) => {
      const url = certificate && !certificate.ends ? declared.replace(/^https:/, "http:") : declared;
      const status = publisher?.courses.find((one) => one.name === name);
      return { name, url, http: (await askHttp(url)).status, ...(status && { publisher: status }) };
    }),
  );
  for (const { name, url, http, publisher } of report.courses) {
    if (http !== 200) report.problems.push(`course ${name}: ${url} answers ${http}`);
    if (publisher?.state === "outage") {
      report.problems.push(`course ${name}: ${publisher.lastError?.message ?? "the object store gives no listing"}`);
    }
  }
  if (!publisher) return;
  report.mount = publisher.mount;
  if (!publisher.mount.healthy) report.problems.push(`mount: ${publisher.mount.detail}`);
}

function reportMirror(report: StatusReport, answer: Answer): void {
  const mirrored = mirrorStatus(answer);
  for (const course of report.courses) {
    const status = mirrored.find(({ name }) => name === course.name);
    if (status) course.mirror = status;
    const problem = status ? mirrorProblem(status) : "the mirror does not know it: npm run pulumi -- up";
    if (problem) report.problems.push(`mirror of course ${course.name}: ${problem}`);
  }
}

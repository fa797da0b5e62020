import type { CertificateStatus } from "./certificate";
import type { MirrorStatus } from "./contentMirror";
import { count, duration, megabytes, secondsSince } from "./progress";
import type { CourseStatus } from "./publisher";
import type { ServerReport } from "./serverReport";
import type { CourseReport, StatusReport } from "./statusReport";
import type { GatewayStatus } from "./uploadGateway";

/** Skipped objects shown for each course. */
const SHOWN = 3;

/** The report as a person reads it. */
export function statusText(report: StatusReport): string {
  const lines = [...devcloudLines(report), ...stackLines(report)];
  lines.push(...report.servers.flatMap((server) => serverLines(server, report.servers.length > 1)));
  if (report.mirrorOf) lines.push(`Mirror        of ${report.mirrorOf}`);
  if (report.courses.length > 0)
    lines.push("Courses", ...report.courses.flatMap((course) => courseLines(course, report.servers)));
  if (report.problems.length === 0) lines.push("Everything works.");
  else lines.push("Problems", ...report.problems.map((problem) => `  - ${problem.replaceAll("\n", "\n    ")}`));
  return `${lines.join("\n")}\n`;
}

function devcloudLines({ devcloud }: StatusReport): string[] {
  if (!devcloud) return [];
  if (!devcloud.running) return [`Dev cloud     stopped${devcloud.built ? "" : ", not built yet"}`];
  const working = Object.values(devcloud.services).filter(Boolean).length;
  const all = Object.keys(devcloud.services).length;
  return [
    `Dev cloud     running, ${working} of ${all} services answer, ${(devcloud.memoryMiB / 1024).toFixed(1)} GiB of memory`,
    ...devcloud.servers.map((server) => `  server ${server.name}  ${server.status}  ${server.addresses.join(" ")}`),
  ];
}

function stackLines({ stackName, stack }: StatusReport): string[] {
  if (!stack) return [];
  const { resources, lastUpdate, siteUrl, updating } = stack;
  const last = lastUpdate ? `, last ${lastUpdate.kind} ${lastUpdate.result} ${ago(lastUpdate.endedAt)}` : "";
  return [
    `Stack ${stackName.padEnd(7)} ${count(resources)} resources${last}`,
    ...(updating ? [`              Pulumi (process ${updating}) is at work on it`] : []),
    ...(siteUrl ? [`Site          ${siteUrl}`] : []),
  ];
}

function serverLines({ name, address, certificate, publisher, uploads }: ServerReport, isOneOfMany: boolean): string[] {
  const mount = publisher?.mount;
  return [
    ...(isOneOfMany ? [`Server        ${name}  ${address}`] : []),
    ...(certificate ? [certificateLine(certificate)] : []),
    ...(mount ? [`Mount /mnt    ${mount.healthy ? "healthy" : "broken"}: ${mount.detail}`] : []),
    ...(uploads ? uploadLines(uploads) : []),
  ];
}

function certificateLine({ domain, ends }: CertificateStatus): string {
  return `Certificate   ${domain}, ${ends ? `until ${ends.slice(0, 10)}` : "none yet"}`;
}

function uploadLines({ urls, state, detail }: GatewayStatus): string[] {
  const where = urls.length === 0 ? "" : `: ${urls.join("  ")}`;
  return [`Uploads       ${state}${where}`, ...(detail === "" ? [] : [`              ${detail}`])];
}

function courseLines(course: CourseReport, servers: ServerReport[]): string[] {
  const mirror = servers[0]?.mirror?.find(({ name }) => name === course.name);
  return [...siteLines(course, servers), ...(mirror ? [mirrorLine(mirror)] : [])];
}

function mirrorLine({ state, different, held, objects, comparedAt, inStepAt, lagSeconds }: MirrorStatus): string {
  const facts = [
    `mirror: ${state}`,
    ...(different > 0 ? [`${count(different)} objects differ${held > 0 ? ` (${count(held)} held)` : ""}`] : []),
    `${count(objects)} at the source`,
    comparedAt ? `compared ${ago(comparedAt)}` : "never compared",
    ...(state !== "in step" && inStepAt ? [`in step ${ago(inStepAt)}`] : []),
    ...(lagSeconds === null ? [] : [`last change here after ${duration(lagSeconds)}`]),
  ];
  return `    ${facts.join(", ")}`;
}

function siteLines({ name, url, http }: CourseReport, servers: ServerReport[]): string[] {
  const served = http === 200 ? url : `${url} (answers ${http})`;
  const publishers = servers.map(({ publisher }) => publisher?.courses.find((one) => one.name === name));
  const [first] = publishers;
  return [
    `  ${name.padEnd(12)} ${first ? publishedText(first, `  ${served}`) : served}`,
    ...publishers.flatMap((publisher, index) => {
      if (!publisher) return [];
      const own = index === 0 ? [] : [`    on server ${index + 1}: ${publishedText(publisher)}`];
      return [...own, ...keptLines(publisher, index === 0 ? "" : ` --server ${index + 1}`)];
    }),
  ];
}

function publishedText({ state, files, bytes, lastPublication }: CourseStatus, served = ""): string {
  const published = lastPublication ? `, published ${ago(lastPublication.at)}` : "";
  return `${state.padEnd(10)} ${count(files).padStart(6)} files ${megabytes(bytes).padStart(9)}${served}${published}`;
}

/** What is in the store and not on the site, or the other way round. */
function keptLines({ name, heldDeletions, skipped }: CourseStatus, server: string): string[] {
  const approve = `npm run ssh --${server} sudo site-publisher approve ${name}`;
  return [
    ...(heldDeletions > 0 ? [`    ${count(heldDeletions)} deletions wait for approval: ${approve}`] : []),
    ...skipped
      .slice(0, SHOWN)
      .map(({ name: object, reason }) => `    not published: ${JSON.stringify(object)}: ${reason}`),
    ...(skipped.length > SHOWN ? [`    not published: ${skipped.length - SHOWN} more`] : []),
  ];
}

function ago(time: string): string {
  return `${duration(Math.max(0, secondsSince(Date.parse(time))))} ago`;
}

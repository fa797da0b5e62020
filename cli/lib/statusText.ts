import type { CertificateStatus } from "./certificate";
import type { MirrorStatus } from "./contentMirror";
import { count, duration, megabytes, secondsSince } from "./progress";
import type { CourseReport, StatusReport } from "./statusReport";
import type { GatewayStatus } from "./uploadGateway";

/** Skipped objects shown for each course. */
const SHOWN = 3;

/** The report as a person reads it. */
export function statusText(report: StatusReport): string {
  const lines = [...devcloudLines(report), ...stackLines(report)];
  if (report.certificate) lines.push(certificateLine(report.certificate));
  if (report.mount) lines.push(`Mount /mnt    ${report.mount.healthy ? "healthy" : "broken"}: ${report.mount.detail}`);
  if (report.uploads) lines.push(...uploadLines(report.uploads));
  if (report.mirrorOf) lines.push(`Mirror        of ${report.mirrorOf}`);
  if (report.courses.length > 0) lines.push("Courses", ...report.courses.flatMap(courseLines));
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

function certificateLine({ domain, ends }: CertificateStatus): string {
  return `Certificate   ${domain}, ${ends ? `until ${ends.slice(0, 10)}` : "none yet"}`;
}

function uploadLines({ urls, state, detail }: GatewayStatus): string[] {
  return [`Uploads       ${state}: ${urls.join("  ")}`, ...(detail === "" ? [] : [`              ${detail}`])];
}

function courseLines(course: CourseReport): string[] {
  return [...siteLines(course), ...(course.mirror ? [mirrorLine(course.mirror)] : [])];
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

function siteLines({ name, url, http, publisher }: CourseReport): string[] {
  const served = http === 200 ? url : `${url} (answers ${http})`;
  if (!publisher) return [`  ${name.padEnd(12)} ${served}`];
  const published = publisher.lastPublication ? `, published ${ago(publisher.lastPublication.at)}` : "";
  const lines = [
    `  ${name.padEnd(12)} ${publisher.state.padEnd(10)} ${count(publisher.files).padStart(6)} files ${megabytes(publisher.bytes).padStart(9)}  ${served}${published}`,
  ];
  if (publisher.heldDeletions > 0) {
    lines.push(
      `    ${count(publisher.heldDeletions)} deletions wait for approval: npm run ssh -- sudo site-publisher approve ${name}`,
    );
  }
  for (const { name: object, reason } of publisher.skipped.slice(0, SHOWN)) {
    lines.push(`    not published: ${JSON.stringify(object)}: ${reason}`);
  }
  if (publisher.skipped.length > SHOWN) lines.push(`    not published: ${publisher.skipped.length - SHOWN} more`);
  return lines;
}

function ago(time: string): string {
  return `${duration(Math.max(0, secondsSince(Date.parse(time))))} ago`;
}

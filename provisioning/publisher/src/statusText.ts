import { mebibytes, oneLine } from "./journal";
import type { CanaryStatus, CourseStatus, Status } from "./status";

/** The status as a table for people. @param now for "… ago" */
export function statusText(status: Status, now = new Date()): string {
  const header = ["COURSE", "STATE", "FILES", "MiB", "HELD", "SKIPPED", "LAG", "PUBLISHED"];
  const rows = status.courses.map((course) => [
    course.name,
    course.state,
    String(course.files),
    mebibytes(course.bytes),
    String(course.heldDeletions),
    String(course.skipped.length),
    course.lagSeconds === null ? "-" : `${course.lagSeconds.toFixed(1)} s`,
    ago(course.lastPublication?.at, now),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const table = [header, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const remarks = status.courses.flatMap(remarksOn);
  const mount = `mount: ${status.mount.healthy ? "healthy" : "not in use"} (${status.mount.detail})`;
  return [...table, "", mount, ...canaryText(status.canary), ...remarks].join("\n");
}

function remarksOn(course: CourseStatus): string[] {
  const remarks: string[] = [];
  if (course.fetching !== null) {
    const { files, ofFiles, bytes, ofBytes } = course.fetching;
    remarks.push(
      `${course.name}: ${files} of ${ofFiles} files fetched (${mebibytes(bytes)} of ${mebibytes(ofBytes)} MiB)`,
    );
  }
  if (course.state === "outage" && course.lastError)
    remarks.push(`${course.name}: ${oneLine(course.lastError.message)}`);
  if (course.heldDeletions > 0) {
    remarks.push(
      `${course.name}: ${course.heldDeletions} files are gone from the store and stay on the site; \`site-publisher approve ${course.name}\` removes them`,
    );
  }
  for (const { name, reason } of course.skipped)
    remarks.push(`${course.name}: not published: ${oneLine(name)}: ${reason}`);
  return remarks;
}

function canaryText(canary: CanaryStatus | null): string[] {
  if (canary === null) return [];
  const { at, latencySeconds, lastError } = canary;
  if (lastError !== null) return [`canary: ${oneLine(lastError)}`];
  if (at === null || latencySeconds === null) return ["canary: nothing measured yet"];
  return [`canary: served ${latencySeconds.toFixed(2)} s after it was stored (${at})`];
}

function ago(time: string | null | undefined, now: Date): string {
  if (!time) return "never";
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}

import { oneLine } from "./journal";
import type { CourseStatus, Status } from "./status";

/** The status as a table for people. @param now for "… ago" */
export function statusText(status: Status, now = new Date()): string {
  const header = ["COURSE", "STATE", "FILES", "MiB", "HELD", "SKIPPED", "LISTED", "PUBLISHED"];
  const rows = status.courses.map((course) => [
    course.name,
    course.state,
    String(course.files),
    (course.bytes / 1024 ** 2).toFixed(1),
    String(course.heldDeletions),
    String(course.skipped.length),
    ago(course.lastListing, now),
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
  return [...table, "", mount, ...remarks].join("\n");
}

function remarksOn(course: CourseStatus): string[] {
  const remarks: string[] = [];
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

function ago(time: string | null | undefined, now: Date): string {
  if (!time) return "never";
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}

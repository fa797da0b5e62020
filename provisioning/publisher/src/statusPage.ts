import { escapeHtml, page, STYLE } from "./pageFrame";
import type { CourseStatus, Publication, Status } from "./status";

const MORE_STYLE = `
  body { max-width: 60rem; }
  table { width: 100%; border-collapse: collapse; font-size: .9375rem; overflow-wrap: normal; }
  caption { text-align: start; padding: .5rem 0; }
  th, td { padding: .3rem .75rem .3rem 0; border-top: 1px solid #8885; text-align: start; vertical-align: top; }
  time { white-space: nowrap; }
  .number { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }
  .bad { color: light-dark(#b3261e, #ff8a80); font-weight: 600; }
  .scroll { overflow-x: auto; }
  svg { display: block; width: 100%; height: auto; }
  rect { fill: light-dark(#0969da, #4493f8); }
  summary { cursor: pointer; padding: .25rem 0; }
`;

/** Plot of the publications' durations, in its own units. */
const PLOT = { width: 600, height: 80, gap: 4 };

/** What `site-publisher status --json` tells, for operators, as a page. @param now in ms since 1970 */
export function statusPage(siteTitle: string, status: Status, now: number): string {
  const { mount, canary, courses } = status;
  const since = (time: string | null) => (time === null ? "never" : ago(now - Date.parse(time)));
  const canaryText =
    canary === null
      ? ""
      : `<p>Canary: ${canary.latencySeconds === null ? mark(canary.lastError ?? "no measurement yet") : `${canary.latencySeconds} s from stored to served`}, ${canary.failures} failures, last ${since(canary.at)}</p>`;
  return page(
    "en",
    `Status of ${siteTitle}`,
    `<header><h1>Status of ${escapeHtml(siteTitle)}</h1></header>
<main>
<p>Running since <time datetime="${status.startedAt}">${since(status.startedAt)}</time>. Mount: ${mount.healthy ? escapeHtml(mount.detail) : mark(mount.detail)}</p>
${canaryText}
<div class="scroll" role="region" aria-label="Courses" tabindex="0"><table>
<caption>Courses</caption>
<thead><tr><th scope="col">Course</th><th scope="col">State</th><th scope="col" class="number">Files</th><th scope="col" class="number">Size</th><th scope="col" class="number">Behind</th><th scope="col">Published</th><th scope="col" class="number">Held</th></tr></thead>
<tbody>
${courses.map((course) => courseRow(course, since)).join("\n")}
</tbody></table></div>
${courses.map(courseSection).join("\n")}
</main>`,
    STYLE + MORE_STYLE,
  );
}

function courseRow(course: CourseStatus, since: (time: string | null) => string): string {
  const { name, state, files, bytes, lagSeconds, lastPublication, heldDeletions } = course;
  const cells = [
    `<th scope="row"><a href="#${name}">${escapeHtml(name)}</a></th>`,
    `<td>${state === "outage" ? mark(state) : state}</td>`,
    number(files.toLocaleString("en")),
    number(`${(bytes / 1e6).toFixed(1)} MB`),
    number(lagSeconds === null ? "unknown" : `${lagSeconds.toFixed(1)} s`),
    `<td>${since(lastPublication?.at ?? null)}</td>`,
    number(heldDeletions === 0 ? "0" : mark(String(heldDeletions))),
  ];
  return `<tr>${cells.join("")}</tr>`;
}

function courseSection({ name, publications, skipped, lastError, fetching }: CourseStatus): string {
  const parts = [
    fetching ? `<p>${fetching.files} of ${fetching.ofFiles} files fetched</p>` : "",
    lastError
      ? `<p>Last error, <time datetime="${lastError.at}">${shortTime(lastError.at)}</time>: ${escapeHtml(lastError.message)}</p>`
      : "",
    skipped.length > 0
      ? `<details><summary>${skipped.length} objects can't be published</summary><ul>${skipped.map((one) => `<li>${escapeHtml(JSON.stringify(one.name))}: ${escapeHtml(one.reason)}</li>`).join("")}</ul></details>`
      : "",
    publications.length > 0 ? publicationsText(name, publications) : "<p>Nothing was published yet.</p>",
  ];
  return `<section id="${name}"><h2>${escapeHtml(name)}</h2>${parts.join("")}</section>`;
}

function publicationsText(name: string, publications: Publication[]): string {
  const rows = [...publications]
    .reverse()
    .map(
      ({ release, at, added, changed, deleted, durationMs }) =>
        `<tr><td><time datetime="${at}">${shortTime(at)}</time></td><td>${escapeHtml(release)}</td>${[added, changed, deleted].map((count) => number(String(count))).join("")}${number(`${(durationMs / 1000).toFixed(2)} s`)}</tr>`,
    );
  const words = `The last ${publications.length} publications of ${escapeHtml(name)}`;
  return `${plot(publications)}
<details><summary>${words}</summary>
<div class="scroll" role="region" aria-label="${words}" tabindex="0"><table><thead><tr><th scope="col">Time (UTC)</th><th scope="col">Release</th><th scope="col" class="number">Added</th><th scope="col" class="number">Changed</th><th scope="col" class="number">Deleted</th><th scope="col" class="number">Took</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></div></details>`;
}

/** A bar a publication, the newest at the right. */
function plot(publications: Publication[]): string {
  const { width, height, gap } = PLOT;
  const longest = Math.max(...publications.map(({ durationMs }) => durationMs), 1);
  const step = width / 20;
  const bars = publications.map(({ durationMs, at }, i) => {
    const tall = Math.max(1, Math.round((durationMs / longest) * height));
    const left = width - (publications.length - i) * step;
    return `<rect x="${left}" y="${height - tall}" width="${step - gap}" height="${tall}"><title>${shortTime(at)}: ${(durationMs / 1000).toFixed(2)} s</title></rect>`;
  });
  const words = `How long the last ${publications.length} publications took; the longest ${(longest / 1000).toFixed(2)} s`;
  return `<p class="quiet">${words}</p><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}">${bars.join("")}</svg>`;
}

function number(text: string): string {
  return `<td class="number">${text}</td>`;
}

/** What needs somebody. */
function mark(text: string): string {
  return `<strong class="bad">${escapeHtml(text)}</strong>`;
}

/** As `2026-11-25 14:03:05`. */
function shortTime(time: string): string {
  return escapeHtml(time.slice(0, 19).replace("T", " "));
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}

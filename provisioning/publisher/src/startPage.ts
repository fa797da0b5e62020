import { readFileSync, renameSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import type { Course } from "./config";

/** A course that is not published yet is named without a link. */
export interface StartPageCourse extends Pick<Course, "path" | "title" | "description"> {
  published: boolean;
}

/** Writes the site's start page, where it differs from what is there. */
export function writeStartPage(webRoot: string, siteTitle: string, courses: StartPageCourse[]): void {
  const file = path.join(webRoot, "index.html");
  const page = startPage(siteTitle, courses);
  if (readIfThere(file) === page) return;
  const temporary = path.join(webRoot, ".index.html.new");
  writeFileSync(temporary, page, { mode: 0o644 });
  renameSync(temporary, file);
}

/** One self-contained page: no script, nothing from elsewhere. */
export function startPage(siteTitle: string, courses: StartPageCourse[]): string {
  const title = escapeHtml(siteTitle);
  return `<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; }
  body { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem; font: 1.0625rem/1.6 system-ui, sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
  ul { margin: 0; padding: 0; list-style: none; }
  li { padding: .9rem 0; border-top: 1px solid #8885; }
  h2 { margin: 0; font-size: 1.125rem; }
  p { margin: .25rem 0 0; }
</style>
</head>
<body>
<h1>${title}</h1>
<ul>
${courses.map(listItem).join("\n")}
</ul>
</body>
</html>
`;
}

function listItem(course: StartPageCourse): string {
  const title = escapeHtml(course.title);
  const link = course.path.split("/").map(encodeURIComponent).join("/");
  const heading = course.published ? `<a href="/${escapeHtml(link)}/">${title}</a>` : `${title} (준비 중)`;
  const description = course.description === "" ? "" : `<p>${escapeHtml(course.description)}</p>`;
  return `<li><h2>${heading}</h2>${description}</li>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

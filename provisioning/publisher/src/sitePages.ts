import { readFileSync, renameSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import type { Config, Course } from "./config";
import { escapeHtml, type Language, page, WORDS } from "./pageFrame";

/** A course as the start page shows it; one that is not published yet is named without a link. */
export interface ListedCourse extends Pick<Course, "link" | "title" | "description" | "english"> {
  published: boolean;
  /** When it changed last, ISO 8601. */
  updatedAt?: string | undefined;
}

/** Of the site's own pages, by language. The Korean one is what visitors come to. */
const START_PAGES: Record<Language, string> = { ko: "index.html", en: "index.en.html" };
/** What a course shows that has no `404.html` of its own. */
const NOT_FOUND = "404.html";
/** Writes the site's own pages, where they differ from what is there. */
export function writeSitePages(
  { webRoot, siteTitle, startLink }: Pick<Config, "webRoot" | "siteTitle" | "startLink">,
  courses: ListedCourse[],
): void {
  write(webRoot, START_PAGES.ko, startPage("ko", siteTitle, courses));
  write(webRoot, START_PAGES.en, startPage("en", siteTitle, courses));
  write(webRoot, NOT_FOUND, notFoundPage(siteTitle, startLink));
}

function write(webRoot: string, name: string, html: string): void {
  const file = path.join(webRoot, name);
  if (readIfThere(file) === html) return;
  const temporary = path.join(webRoot, `.${name}.new`);
  writeFileSync(temporary, html, { mode: 0o644 });
  renameSync(temporary, file);
}

function startPage(language: Language, siteTitle: string, courses: ListedCourse[]): string {
  const other = language === "ko" ? "en" : "ko";
  return page(
    language,
    siteTitle,
    `<header><h1>${escapeHtml(siteTitle)}</h1>
<nav><a href="/${START_PAGES[other]}" lang="${other}" hreflang="${other}">${WORDS[other].name}</a></nav></header>
<main><ul>
${courses.map((course) => listItem(language, course)).join("\n")}
</ul></main>`,
  );
}

function listItem(language: Language, course: ListedCourse): string {
  const words = WORDS[language];
  const told = language === "ko" ? course : course.english;
  const title = escapeHtml(told.title);
  const heading = course.published ? `<a href="${escapeHtml(course.link)}">${title}</a>` : `${title} (${words.soon})`;
  const description = told.description === "" ? "" : `<p>${escapeHtml(told.description)}</p>`;
  return `<li><h2>${heading}</h2>${description}${course.published ? updated(language, course.updatedAt) : ""}</li>`;
}

function updated(language: Language, at: string | undefined): string {
  if (at === undefined) return "";
  // The day in Korea, where the courses are made.
  const day = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "Asia/Seoul" }).format(new Date(at));
  return `<p class="quiet">${WORDS[language].updated} <time datetime="${escapeHtml(at)}">${day}</time></p>`;
}

/** In both languages: nobody knows which one the visitor came for. */
function notFoundPage(siteTitle: string, startLink: string): string {
  const words = (language: Language) =>
    `<section lang="${language}"><h1>${WORDS[language].notFound}</h1><p><a href="${escapeHtml(startLink)}${START_PAGES[language]}">${WORDS[language].toStart}</a></p></section>`;
  return page("ko", `404 · ${siteTitle}`, `<main>${words("ko")}${words("en")}</main>`);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

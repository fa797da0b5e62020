/** The languages of the site's own pages. */
export type Language = "ko" | "en";

/** What they say. */
export const WORDS: Record<Language, Record<"name" | "soon" | "updated" | "notFound" | "toStart", string>> = {
  ko: {
    name: "한국어",
    soon: "준비 중",
    updated: "최근 수정:",
    notFound: "페이지를 찾을 수 없습니다",
    toStart: "강의 목록으로",
  },
  en: {
    name: "English",
    soon: "coming soon",
    updated: "Last update:",
    notFound: "This page was not found",
    toStart: "To the list of courses",
  },
};

/** The style of all of them. The web server's Content-Security-Policy lets exactly this text through, by its hash. */
export const STYLE = `
  :root { color-scheme: light dark; --quiet: light-dark(#595959, #a6a6a6); }
  body { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem; font: 1.0625rem/1.6 system-ui, sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
  header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
  nav a { display: inline-block; padding: .5rem 0; }
  h1 { margin: .5rem 0; font-size: 1.75rem; line-height: 1.3; }
  ul { margin: 0; padding: 0; list-style: none; }
  li { padding: .9rem 0; border-top: 1px solid #8885; }
  h2 { margin: 0; font-size: 1.125rem; }
  h2 a { display: inline-block; padding: .25rem 0; }
  p { margin: .25rem 0 0; }
  section { margin-top: 1.5rem; }
  .quiet { color: GrayText; color: var(--quiet); font-size: .9375rem; }
`;

/** A whole page, in one file: no script, nothing from elsewhere. */
export function page(language: Language, title: string, body: string, style = STYLE): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** Text as it may stand in a page and in its attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

// Transparent, so that it has the page's own background; the reader's system says which text that needs.
const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600 }
    .quiet { fill: #59636e; font-size: 12px }
    .grid { stroke: #d1d9e0 }
    .other { fill: #9a6700; stroke: #9a6700 }
    .own { fill: #0969da; stroke: #0969da }
    .hollow { fill: none; stroke-width: 2 }
    .range { stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .quiet { fill: #9198a1 }
      .grid { stroke: #3d444d }
      .other { fill: #d29922; stroke: #d29922 }
      .own { fill: #4493f8; stroke: #4493f8 }
      .hollow { fill: none }
    }`;

/** A drawing of these elements. @param title for those who can't see it */
export function svg(title: string, width: number, height: number, elements: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `  <title>${escaped(title)}</title>`,
    `  <style>${STYLE}\n  </style>`,
    ...elements,
    "</svg>",
    "",
  ].join("\n");
}

/** Text as XML takes it. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

import { escaped, svg } from "./svg";

/** A figure of several competitors. */
export interface Panel {
  title: string;
  /** Behind each value. Default: none. */
  unit?: string;
  /** A competitor without a value is left out. */
  rows: { title: string; value: number; own: boolean }[];
}

const WIDTH = 860;
/** Room for the competitors' names, and for the figures behind the bars. */
const LEFT = 190;
const RIGHT = 110;
const ROW = 24;
const HEAD = 34;
const GAP = 22;

/** The panels one below the other, each to its own scale. @param title for those who can't see it */
export function barsSvg(title: string, panels: Panel[]): string {
  let height = GAP;
  const elements = panels.flatMap((panel) => {
    const top = height;
    const rows = panel.rows.filter(({ value }) => !Number.isNaN(value));
    const most = Math.max(...rows.map(({ value }) => value));
    height += HEAD + rows.length * ROW + GAP;
    return [
      `  <text class="title" x="16" y="${top + 16}">${escaped(panel.title)}</text>`,
      ...rows.flatMap(({ title, value, own }, i) => {
        const y = top + HEAD + i * ROW;
        const width = Math.max(1, Math.round((value / most) * (WIDTH - LEFT - RIGHT)));
        return [
          `  <text x="${LEFT - 12}" y="${y + 9}" text-anchor="end">${escaped(title)}</text>`,
          `  <rect class="${own ? "own" : "other"}" x="${LEFT}" y="${y - 3}" width="${width}" height="15" rx="2"/>`,
          `  <text class="quiet" x="${LEFT + width + 10}" y="${y + 9}">${rounded(value)}${panel.unit ?? ""}</text>`,
        ];
      }),
    ];
  });
  return svg(title, WIDTH, height, elements);
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

import { escaped, svg } from "../svg";
import { type Figures, figuresOf, type Report } from "./report";
import { SERVERS } from "./servers";

const WIDTH = 860;
/** Room for the servers' names, and for the figures behind the bars. */
const LEFT = 190;
const RIGHT = 110;
const ROW = 24;
const HEAD = 34;
const GAP = 22;

const PANELS: { of: keyof Figures; title: (report: Report) => string; unit: string }[] = [
  { of: "filesPerSecond", title: ({ files }) => `${files} small files over 4 connections: files a second`, unit: "" },
  {
    of: "untimedFilesPerSecond",
    title: () => "The same by FTP, without keeping their times: files a second",
    unit: "",
  },
  { of: "megabytesPerSecond", title: ({ largeMb }) => `One file of ${largeMb} MB: MB a second`, unit: "" },
  { of: "listSeconds", title: ({ entries }) => `List of a folder of ${entries}: seconds (less is better)`, unit: " s" },
];

/** The medians as bars: one panel a figure. */
export function plotSvg(report: Report): string {
  let height = GAP;
  const panels = PANELS.flatMap(({ of, title, unit }) => {
    const top = height;
    const rows = SERVERS.map((server) => ({ server, value: figuresOf(report, server)[of] })).filter(
      ({ value }) => !Number.isNaN(value),
    );
    const most = Math.max(...rows.map(({ value }) => value));
    height += HEAD + rows.length * ROW + GAP;
    return [
      `  <text class="title" x="16" y="${top + 16}">${escaped(title(report))}</text>`,
      ...rows.flatMap(({ server, value }, i) => {
        const y = top + HEAD + i * ROW;
        const width = Math.max(1, Math.round((value / most) * (WIDTH - LEFT - RIGHT)));
        return [
          `  <text x="${LEFT - 12}" y="${y + 9}" text-anchor="end">${escaped(server.title)}</text>`,
          `  <rect class="${server.own ? "own" : "other"}" x="${LEFT}" y="${y - 3}" width="${width}" height="15" rx="2"/>`,
          `  <text class="quiet" x="${LEFT + width + 10}" y="${y + 9}">${rounded(value)}${unit}</text>`,
        ];
      }),
    ];
  });
  return svg("The upload gateway beside rclone's servers", WIDTH, height, panels);
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

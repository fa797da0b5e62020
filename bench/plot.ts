import { count } from "../cli/lib/progress";
import type { Measured } from "./measure";
import { percentile, type Report, type Row, type SizeReport } from "./report";
import { escaped, svg } from "./svg";

const WIDTH = 860;
/** Room for the contenders' names. */
const LEFT = 230;
/** Room for what was never seen, and for the numbers of the last dots. */
const RIGHT = 110;
const ROW = 26;
/** Above a panel's rows, and below them. */
const HEAD = 34;
const FOOT = 40;
/** Where the legend is. */
const TOP = 64;

/** The latencies as a drawing: one panel a size, one line a contender, from p50 to p95 on one scale in powers of ten. */
export function plotSvg(report: Report): string {
  const scale = scaleOf(report);
  const panels: string[] = [];
  let top = TOP;
  for (const size of report.sizes) {
    panels.push(panel(size, top, scale));
    top += HEAD + size.rows.length * ROW + FOOT;
  }
  return svg('Seconds from "stored" to "served"', WIDTH, top, [
    `  <text class="title" x="16" y="26">Seconds from “the store has it” to “visitors get it”</text>`,
    `  <circle class="other" cx="22" cy="45" r="5"/><text class="quiet" x="34" y="49">half of the changes (p50)</text>`,
    `  <circle class="other hollow" cx="214" cy="45" r="5"/><text class="quiet" x="226" y="49">95 of 100 (p95); each step of the scale is ten times the one before</text>`,
    ...panels,
  ]);
}

/** From a latency in ms to a place from the left. */
interface Scale {
  ticks: number[];
  x(ms: number): number;
}

function scaleOf(report: Report): Scale {
  const all = report.sizes.flatMap(({ rows }) => rows.flatMap(({ measured }) => (measured ? dots(measured) : [])));
  const seen = all.filter((ms) => ms !== null);
  const first = Math.floor(Math.log10(Math.min(...seen, 1000)));
  const last = Math.max(Math.ceil(Math.log10(Math.max(...seen, 1000))), first + 1);
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i)),
    x: (ms) => round(LEFT + ((Math.log10(ms) - first) / (last - first)) * (WIDTH - LEFT - RIGHT)),
  };
}

function panel({ objects, rows }: SizeReport, top: number, scale: Scale): string {
  const bottom = top + HEAD + rows.length * ROW;
  const grid = scale.ticks.flatMap((ms) => [
    `  <line class="grid" x1="${scale.x(ms)}" x2="${scale.x(ms)}" y1="${top + HEAD - 6}" y2="${bottom}"/>`,
    `  <text class="quiet" x="${scale.x(ms)}" y="${bottom + 17}" text-anchor="middle">${ms / 1000} s</text>`,
  ]);
  const title = `  <text class="title" x="16" y="${top + 18}">${count(objects)} objects</text>`;
  return [title, ...grid, ...rows.map((row, i) => line(row, top + HEAD + (i + 0.5) * ROW, scale))].join("\n");
}

function line(row: Row, y: number, scale: Scale): string {
  const kind = row.measured?.own ? "own" : "other";
  const name = `  <text x="${LEFT - 14}" y="${y + 4}" text-anchor="end">${escaped(row.title)}</text>`;
  if (row.measured === undefined) return `${name}\n  <text class="quiet" x="${LEFT}" y="${y + 4}">failed</text>`;
  const [median, high] = dots(row.measured);
  const end = high === null ? WIDTH - RIGHT : scale.x(high);
  const said = high === null ? `never (&gt; ${row.measured.limitSeconds} s)` : `${round(high / 1000)} s`;
  const words = `  <text class="quiet" x="${end + 12}" y="${y + 4}">${said}</text>`;
  if (median === null) return `${name}\n${words}`;
  return [
    name,
    `  <line class="range ${kind}" x1="${scale.x(median)}" x2="${end - 5}" y1="${y}" y2="${y}"/>`,
    `  <circle class="${kind}" cx="${scale.x(median)}" cy="${y}" r="5"/>`,
    ...(high === null ? [] : [`  <circle class="hollow ${kind}" cx="${end}" cy="${y}" r="5"/>`]),
    words,
  ].join("\n");
}

/** Where a contender's line begins and ends, in ms; `null`: never. */
function dots({ latenciesMs }: Measured): [number | null, number | null] {
  return [percentile(latenciesMs, 0.5), percentile(latenciesMs, 0.95)];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

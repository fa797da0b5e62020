import { count, megabytes } from "../cli/lib/progress";
import type { Costs, Measured, OutageResult } from "./measure";

/** Everything that a run has found; what `--json` writes. */
export interface Report {
  at: string;
  machine: Machine;
  /** Of the mount. */
  driver: string;
  idleSeconds: number;
  sizes: SizeReport[];
}

export interface Machine {
  cores: number;
  model: string;
  memoryBytes: number;
  kernel: string;
  node: string;
  /** Of the minute before the run. */
  load: number;
}

/** All contenders at one size of the course. */
export interface SizeReport {
  objects: number;
  /** This publisher's, from the first listing to the switch. */
  firstPublicationMs: number;
  rows: Row[];
}

/** One contender. */
export interface Row {
  name: string;
  title: string;
  /** None where it could not run. */
  measured?: Measured;
  outages?: OutageResult[];
  /** Why it could not run, or not to the end. */
  problem?: string;
}

/** The row that all others are compared with. */
const BASE = "publisher";

/** The value below which `share` of the values lie; one that was never reached counts as the largest. */
export function percentile(latencies: (number | null)[], share: number): number | null {
  const sorted = latencies.map((ms) => ms ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  return value === undefined || value === Number.POSITIVE_INFINITY ? null : value;
}

/** The whole report as text. */
export function reportText(report: Report): string {
  const { machine } = report;
  return [
    `${machine.cores} cores (${machine.model}), load ${machine.load.toFixed(2)} before; mount by ${report.driver}`,
    ...report.sizes.map((size) => sizeText(size, report.idleSeconds)),
    "",
  ].join("\n\n");
}

function sizeText(size: SizeReport, idleSeconds: number): string {
  const base = size.rows.find(({ name }) => name === BASE);
  const tables = [
    `${count(size.objects)} objects; the first publication took ${seconds(size.firstPublicationMs)}`,
    "From 'stored' to 'served', in brackets as a multiple of this publisher's:",
    table(
      ["", "p50", "p95", "max", "a publication", "memory"],
      size.rows.map((row) => [row.title, ...latencyCells(row, base), ...ownCells(row)]),
    ),
    "Costs of a change, from 'stored' until it is served:",
    table(
      ["", "requests", "bytes", "CPU s", "of it mount"],
      size.rows.map((row) => [row.title, ...costCells(row.measured?.perChange, base?.measured?.perChange)]),
    ),
    `Costs of a minute without a change (measured for ${idleSeconds} s):`,
    table(
      ["", "requests", "bytes", "CPU s", "of it mount"],
      size.rows.map((row) => [row.title, ...costCells(row.measured?.perIdleMinute, base?.measured?.perIdleMinute)]),
    ),
  ];
  const broken = size.rows.filter((row) => row.outages !== undefined);
  if (broken.length > 0) {
    const faults = broken[0]?.outages?.map(({ fault }) => `it ${fault}`) ?? [];
    tables.push(
      "Files lost while the store fails, and seconds until the site is right again:",
      table(
        ["", ...faults],
        broken.map((row) => [row.title, ...(row.outages ?? []).map(outageCell)]),
      ),
    );
  }
  const problems = size.rows.filter(({ problem }) => problem !== undefined);
  if (problems.length > 0) tables.push(problems.map(({ title, problem }) => `${title}: ${problem}`).join("\n"));
  return tables.join("\n\n");
}

function latencyCells({ measured }: Row, base: Row | undefined): string[] {
  if (measured === undefined) return ["failed", "", ""];
  return [0.5, 0.95, 1].map((share) => {
    const ms = percentile(measured.latenciesMs, share);
    if (ms === null) return `never (> ${measured.limitSeconds} s)`;
    return `${seconds(ms)}${ratio(ms, percentile(base?.measured?.latenciesMs ?? [], share))}`;
  });
}

/** The median of this publisher's publications, and its memory. */
function ownCells({ measured }: Row): string[] {
  if (measured?.own === undefined) return [];
  const { publicationsMs, peakMemoryBytes } = measured.own;
  return [seconds(percentile(publicationsMs, 0.5) ?? 0), peakMemoryBytes.map(megabytes).join(" + ")];
}

function costCells(costs: Costs | null | undefined, base: Costs | null | undefined): string[] {
  if (costs === undefined) return ["failed"];
  if (costs === null) return ["never served"];
  return [
    `${amount(costs.requests)}${ratio(costs.requests, base?.requests)}`,
    `${megabytes(costs.bytes)}${ratio(costs.bytes, base?.bytes)}`,
    `${cpuOf(costs).toFixed(2)}${ratio(cpuOf(costs), base && cpuOf(base))}`,
    costs.mountCpuSeconds.toFixed(2),
  ];
}

function cpuOf(costs: Costs): number {
  return costs.cpuSeconds + costs.mountCpuSeconds;
}

function outageCell({ lost, files, healedSeconds, running }: OutageResult): string {
  const healed = healedSeconds === null ? "not healed" : `${healedSeconds.toFixed(1)} s`;
  return `${lost} of ${files}, ${healed}${running ? "" : ", ended"}`;
}

/** Columns as wide as their longest cell; the first one to the left, all others to the right. */
export function table(head: string[], rows: string[][]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}

function ratio(value: number, base: number | null | undefined): string {
  if (base === null || base === undefined || base <= 0) return "";
  const times = value / base;
  return ` (${times >= 9.95 ? count(Math.round(times)) : times.toFixed(1)})`;
}

function amount(value: number): string {
  return value >= 10 ? count(Math.round(value)) : value.toFixed(1);
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`;
}

import { percentile, table } from "../report";
import type { Seconds, Sizes } from "./host";
import { SERVERS, type Server } from "./servers";

/** Everything that a run has found; what `--json` writes. */
export interface Report extends Sizes {
  at: string;
  /** One entry a server and round. */
  measured: (Seconds & { server: string })[];
  /** From the gateway's 226 to the site, in ms. */
  toSiteMs?: number[];
  /** The small files straight into the store, by as many connections. */
  storeSeconds?: number;
}

/** What is compared: the median of the rounds, in the unit that says more. */
export interface Figures {
  filesPerSecond: number;
  untimedFilesPerSecond: number;
  megabytesPerSecond: number;
  listSeconds: number;
}

/** The medians of one server. */
export function figuresOf({ measured, files, largeMb }: Report, { name }: Server): Figures {
  const rounds = measured.filter(({ server }) => server === name);
  const median = (of: keyof Seconds) =>
    percentile(
      rounds.flatMap((round) => round[of] ?? []),
      0.5,
    ) ?? Number.NaN;
  return {
    filesPerSecond: files / median("small"),
    untimedFilesPerSecond: files / median("untimed"),
    megabytesPerSecond: largeMb / median("large"),
    listSeconds: median("list"),
  };
}

/** The whole report as text; in brackets: how many times better this gateway is at the same protocol. */
export function reportText(report: Report): string {
  const rows = SERVERS.map((server) => {
    const own = figuresOf(report, SERVERS.find((one) => one.own && one.protocol === server.protocol) as Server);
    const its = figuresOf(report, server);
    const times = (ratio: number) => (server.own ? "" : ` (${ratio.toFixed(1)})`);
    const filesOf = (of: "filesPerSecond" | "untimedFilesPerSecond") =>
      Number.isNaN(its[of]) ? "" : `${its[of].toFixed(0)}${times(own[of] / its[of])}`;
    return [
      server.title,
      filesOf("filesPerSecond"),
      filesOf("untimedFilesPerSecond"),
      `${its.megabytesPerSecond.toFixed(1)}${times(own.megabytesPerSecond / its.megabytesPerSecond)}`,
      `${its.listSeconds.toFixed(2)} s${times(its.listSeconds / own.listSeconds)}`,
    ];
  });
  const head = [
    "",
    `files/s (${report.files} small, 4 connections)`,
    "without their times",
    `MB/s (${report.largeMb} MB)`,
    `list of ${report.entries}`,
  ];
  const lines = [table(head, rows), "In brackets: how many times better this gateway is at the same protocol."];
  if (report.storeSeconds !== undefined)
    lines.push(
      `Straight into the store, by 4 connections of curl: ${(report.files / report.storeSeconds).toFixed(0)} files/s`,
    );
  if (report.toSiteMs !== undefined) {
    const at = (share: number) => `${percentile(report.toSiteMs ?? [], share)} ms`;
    lines.push(`From the gateway's 226 to the site: p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}`);
  }
  return `${lines.join("\n\n")}\n`;
}

import type { Panel } from "../bars";
import { percentile, table } from "../report";
import { FILES, type Load, type Size, type Visits } from "./host";
import { SERVERS, type Server } from "./servers";

/** Everything that a run has found; what `--json` writes. */
export interface Report {
  at: string;
  /** Seconds of each load. */
  seconds: number;
  /** One entry a server, protocol, size and round. */
  measured: (Load & { server: string; protocol: "http" | "https"; size: Size })[];
  /** Visitors at a steady rate, while nothing happens and during a publication. */
  quiet?: Visits;
  storing?: Visits;
  publishing?: Visits;
}

const PROTOCOLS = ["http", "https"] as const;
const SIZES = Object.keys(FILES) as Size[];

/** The medians of the rounds. */
function medians({ measured }: Report, server: Server, protocol: string, size: Size): Load {
  const rounds = measured.filter((one) => one.server === server.name && one.protocol === protocol && one.size === size);
  const median = (of: keyof Load) =>
    percentile(
      rounds.map((round) => round[of]),
      0.5,
    ) ?? Number.NaN;
  const failed = Math.max(...rounds.map((round) => round.failed));
  return { requestsPerSecond: median("requestsPerSecond"), p99Ms: median("p99Ms"), failed };
}

/** The whole report as text; in brackets: multiples of bare nginx's rate. */
export function reportText(report: Report): string {
  const limit = SERVERS.find(({ name }) => name === "bare") as Server;
  const sections = PROTOCOLS.map((protocol) => {
    const rows = SERVERS.map((server) => [
      server.title,
      ...SIZES.map((size) => {
        const { requestsPerSecond, p99Ms, failed } = medians(report, server, protocol, size);
        const ratio = requestsPerSecond / medians(report, limit, protocol, size).requestsPerSecond;
        return `${requestsPerSecond.toFixed(0)} (${ratio.toFixed(2)}) ${p99Ms.toFixed(1)} ms${failed > 0 ? `, ${failed} failed` : ""}`;
      }),
    ]);
    return table([`${protocol.toUpperCase()}: requests/s, p99`, ...SIZES], rows);
  });
  const { quiet, storing, publishing } = report;
  if (quiet && storing && publishing) {
    const line = (what: string, { requests, failed, p50Ms, p99Ms }: Visits) =>
      `${what}: ${requests} requests, ${failed} failed, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
    const lines = [
      line("Visitors while nothing happens", quiet),
      line("Visitors while 1,000 files are stored, by no course", storing),
      line("Visitors during a publication of 1,000 files", publishing),
    ];
    sections.push(lines.join("\n"));
  }
  return `${sections.join("\n\n")}\n\nIn brackets: multiples of what bare nginx on a plain folder gives, the limit.\n`;
}

/** What is drawn: a panel for each protocol and size. */
export function panelsOf(report: Report): Panel[] {
  return PROTOCOLS.flatMap((protocol) =>
    SIZES.map((size) => ({
      title: `${size} by ${protocol.toUpperCase()}: requests a second`,
      rows: SERVERS.map((server) => ({
        title: server.title,
        value: medians(report, server, protocol, size).requestsPerSecond,
        own: server.own,
      })),
    })),
  );
}

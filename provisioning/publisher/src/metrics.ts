import * as http from "node:http";
import type { Traffic } from "../../../swift/http";
import type { CourseStatus, Status } from "./status";

/** One number of each course. */
const OF_COURSES: [name: string, help: string, value: (course: CourseStatus) => number][] = [
  [
    "lag_seconds",
    "How far the site may be behind the store; NaN before the first look.",
    ({ lagSeconds }) => lagSeconds ?? Number.NaN,
  ],
  ["files", "Files on the site.", ({ files }) => files],
  ["bytes", "Bytes of the files on the site.", ({ bytes }) => bytes],
  ["held_deletions", "Deletions that wait for an approval.", ({ heldDeletions }) => heldDeletions],
  ["skipped_objects", "Objects that can't be published, at most 100 of them counted.", ({ skipped }) => skipped.length],
  ["outage", "1 while the store gives no complete, valid listing.", ({ state }) => Number(state === "outage")],
  ["last_listing_timestamp_seconds", "The last complete listing.", ({ lastListing }) => seconds(lastListing)],
  [
    "last_publication_timestamp_seconds",
    "The last publication.",
    ({ lastPublication }) => seconds(lastPublication?.at ?? null),
  ],
  [
    "last_publication_duration_seconds",
    "How long the last publication took, from its listing to the switch.",
    ({ lastPublication }) => (lastPublication?.durationMs ?? 0) / 1000,
  ],
];

/** The status in Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function metricsText(status: Status, traffic: Traffic): string {
  const lines: string[] = [];
  const metric = (
    name: string,
    help: string,
    type: "gauge" | "counter",
    samples: [labels: string, value: number][],
  ) => {
    const full = `site_publisher_${name}`;
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`);
    for (const [labels, value] of samples) lines.push(`${full}${labels} ${value}`);
  };
  for (const [name, help, value] of OF_COURSES) {
    // A course's name has no character that would have to be escaped.
    const samples = status.courses.map((course) => [`{course="${course.name}"}`, value(course)] as [string, number]);
    metric(`course_${name}`, help, "gauge", samples);
  }
  if (status.canary !== null) {
    const { latencySeconds, failures } = status.canary;
    const latency = latencySeconds ?? Number.NaN;
    metric("canary_latency_seconds", "From stored to served; NaN where that failed.", "gauge", [["", latency]]);
    metric("canary_failures_total", "Canaries that were not served in time.", "counter", [["", failures]]);
  }
  metric("mount_healthy", "1 while files are read through the mount.", "gauge", [["", Number(status.mount.healthy)]]);
  metric("store_requests_total", "Requests to the object store.", "counter", [["", traffic.requests]]);
  metric("store_received_bytes_total", "Bytes that came from it.", "counter", [["", traffic.receivedBytes]]);
  return `${lines.join("\n")}\n`;
}

const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
};

/** Serves them on the loopback at `/metrics`, and at `/` the page for operators. @throws where the port is taken */
export async function serveMetrics(port: number, text: () => string, page: () => string): Promise<http.Server> {
  const answers: Record<string, { headers: http.OutgoingHttpHeaders; body: () => string }> = {
    "/metrics": { headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" }, body: text },
    "/": { headers: PAGE_HEADERS, body: page },
  };
  const server = http.createServer((request, response) => {
    const answer = answers[request.url ?? ""];
    if (answer === undefined) {
      response.writeHead(404).end();
      return;
    }
    try {
      const body = answer.body();
      response.writeHead(200, answer.headers).end(body);
    } catch (error) {
      // Whatever is wrong with it, publishing goes on.
      response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" }).end(`${(error as Error).message}\n`);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`metricsPort ${port} can't be listened at (${error.code}); choose another one`)),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

/** 0: never. */
function seconds(time: string | null): number {
  return time === null ? 0 : Date.parse(time) / 1000;
}

import { cpSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SystemdContainer } from "../test/support/systemdContainer";

/** Its auth URL, for the contenders. */
export const AUTH_URL = "http://127.0.0.1:8081/auth/v1.0";

const CONFIG = "/run/bench/proxy.conf";
const MODE_FILE = "/run/bench/mode.conf";
const LOG = "/var/log/bench-proxy.log";
const UNIT = "bench-proxy";

/** What contenders get in place of the store's answers. */
export type Fault = "refuses connections" | "answers 200 with a page of HTML" | "answers 503";

const MODES: Record<Exclude<Fault, "refuses connections"> | "none", string> = {
  none: `proxy_pass http://store;
    proxy_http_version 1.1;
    # The store makes its own address, which clients go to, of it.
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_request_buffering off;
    proxy_max_temp_file_size 0;
    proxy_read_timeout 300s;`,
  "answers 200 with a page of HTML": `default_type application/xhtml+xml;
    return 200 '<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Maintenance</title></head><body><p>Back soon.</p></body></html>
';`,
  "answers 503": "return 503;",
};

/** Requests to the store and the bytes of its answers. */
export interface Traffic {
  requests: number;
  bytes: number;
}

/** An nginx between the contenders and the store: counts, and takes the store away from them. */
export class CountingProxy {
  constructor(private readonly container: SystemdContainer) {}

  async start(): Promise<void> {
    cpSync(join(__dirname, "proxy.conf"), this.container.outside(CONFIG));
    writeFileSync(this.container.outside(MODE_FILE), MODES.none);
    await this.run();
  }

  /** How long its log is now: where a measurement begins. */
  mark(): number {
    return statSync(this.container.outside(LOG)).size;
  }

  /** What was asked of the store since then. */
  trafficSince(mark: number): Traffic {
    const log = readFileSync(this.container.outside(LOG)).subarray(mark).toString("latin1");
    const lines = log.split("\n").filter(Boolean);
    return { requests: lines.length, bytes: lines.reduce((sum, line) => sum + Number(line.split(" ")[2]), 0) };
  }

  async beginFault(fault: Fault): Promise<void> {
    if (fault === "refuses connections") await this.container.sh(`systemctl stop ${UNIT}`);
    else await this.setMode(MODES[fault]);
  }

  async endFault(fault: Fault): Promise<void> {
    if (fault === "refuses connections") await this.run();
    else await this.setMode(MODES.none);
  }

  private async run(): Promise<void> {
    await this.container.sh(`systemd-run --quiet --unit=${UNIT} nginx -c ${CONFIG} -g 'daemon off;'`);
    await this.container.until(10, "the counting proxy answers", async () => {
      const { code } = await this.container.run("curl -sf http://127.0.0.1:8081/healthcheck");
      return code === 0;
    });
  }

  private async setMode(mode: string): Promise<void> {
    writeFileSync(this.container.outside(MODE_FILE), mode);
    await this.container.sh(`nginx -c ${CONFIG} -s reload`);
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { eachOf } from "../../provisioning/publisher/src/pace";
import { SwiftClient } from "../../swift/client";
import { CourseHost, FIRST_USER } from "../../test/support/courseHost";
import { percentile } from "../report";
import { DOMAIN, SERVERS, type Server } from "./servers";

/** What is asked for, by its size in words. */
export const FILES = { "1 KB": "1k.html", "22 KB": "22k.html", "1 MB": "1m.bin" } as const;
export type Size = keyof typeof FILES;

/** What one server gave at one size, by one protocol. */
export interface Load {
  requestsPerSecond: number;
  p99Ms: number;
  /** Requests that were answered by an error, or not within two seconds. */
  failed: number;
}

/** What visitors met in a while: by how many requests a second they came. */
export interface Visits {
  requests: number;
  failed: number;
  p50Ms: number;
  p99Ms: number;
}

const CONNECTIONS = 32;
/** Of visitors during a publication, all together. */
const VISITS_PER_SECOND = 200;
const VISIT_SECONDS = 20;
const PUBLISHED_FILES = 1_000;

const NGINX = (name: string, root: string, http: number, https: number) => `
pid /run/bench/${name}.pid;
error_log /run/bench/${name}.log;
worker_processes auto;
events { worker_connections 768; }
http {
  include /etc/nginx/mime.types;
  sendfile on;
  tcp_nopush on;
  access_log off;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:bench:10m;
  server {
    listen ${http};
    listen ${https} ssl;
    ssl_certificate /etc/web-server/tls.crt;
    ssl_certificate_key /etc/web-server/tls.key;
    root ${root};
  }
}
`;

const CADDY = `{
  auto_https off
  admin off
}
(files) {
  root * /var/www/plain
  file_server
}
http://:8083 {
  import files
}
https://${DOMAIN}:8443 {
  tls /etc/web-server/tls.crt /etc/web-server/tls.key
  import files
}
`;

/** What goes on while visitors come: nothing; 1,000 files are stored that are of no course; the same, published. */
export type During = "nothing" | "storing" | "publishing";

/** The container with the product's server, its competitors on the same files, and the visitors. */
export class ServingBench {
  private constructor(
    private readonly host: CourseHost,
    private readonly store: SwiftClient,
  ) {}

  static async boot(): Promise<ServingBench> {
    const host = await CourseHost.boot("bench-serving", { courses: ["pi"], pollSeconds: 0.5 });
    const port = await host.container.loopback.forward(8080);
    const store = new SwiftClient({ auth: "v1", authUrl: `http://127.0.0.1:${port}/auth/v1.0`, ...FIRST_USER });
    const bench = new ServingBench(host, store);
    try {
      await bench.prepare();
    } catch (error) {
      await bench.stop();
      throw error;
    }
    return bench;
  }

  async stop(): Promise<void> {
    this.store.close();
    await this.host.stop();
  }

  private sh(command: string, input?: string): Promise<string> {
    return this.host.container.sh(command, input);
  }

  private async prepare(): Promise<void> {
    const sizes: Record<Size, number> = { "1 KB": 1_000, "22 KB": 22_000, "1 MB": 1_000_000 };
    for (const [size, file] of Object.entries(FILES)) {
      // As a page: neither random nor all the same.
      const line = `<p>line ${size} of a page that somebody wrote</p>\n`;
      await this.store.put(
        "pi",
        file,
        line.repeat(sizes[size as Size] / line.length + 1).slice(0, sizes[size as Size]),
      );
    }
    await this.host.provision("rclone");
    // The product gets its certificate from an authority; here one of its own will do.
    await this.sh(`install -d -m 0700 /etc/web-server && cd /etc/web-server
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=${DOMAIN} \
        -addext subjectAltName=DNS:${DOMAIN} -keyout tls.key -out tls.crt 2>/dev/null
      echo '127.0.0.1 ${DOMAIN}' >>/etc/hosts`);
    const { code, stderr } = await this.host.step("web-server", "rclone", { inputs: { SERVER_NAME: DOMAIN } });
    if (code !== 0) throw new Error(stderr);
    await this.untilServed("1m.bin");
    await this.sh("mkdir -p /run/bench /var/www/plain && cp -L /var/www/html/pi/* /var/www/plain/");
    await this.sh("cat >/run/bench/bare.conf", NGINX("bare", "/var/www/plain", 8081, 8441));
    await this.sh("cat >/run/bench/mount.conf", NGINX("mount", "/mnt/pi", 8082, 8442));
    await this.sh("cat >/run/bench/Caddyfile", CADDY);
    await this.sh(`for name in bare mount; do nginx -c /run/bench/$name.conf; done
      systemd-run --quiet --unit=bench-caddy --setenv=HOME=/root caddy run --config /run/bench/Caddyfile --adapter caddyfile`);
    for (const server of SERVERS)
      for (const base of [server.http, server.https])
        await this.host.container.until(30, `${server.title} answers`, async () => {
          return (await this.host.container.run(`curl -sfk -o /dev/null ${base}/1k.html`)).code === 0;
        });
  }

  private async untilServed(file: string): Promise<void> {
    await this.host.container.until(60, `${file} is served`, async () => {
      return (await this.host.container.run(`curl -sf -o /dev/null http://127.0.0.1/pi/${file}`)).code === 0;
    });
  }

  /** As many requests as the server takes, over kept connections. */
  async load(server: Server, protocol: "http" | "https", size: Size, seconds: number): Promise<Load> {
    const url = `${server[protocol]}/${FILES[size]}`;
    const said = await this.sh(`wrk --threads 1 --connections ${CONNECTIONS} --duration ${seconds}s --latency ${url}`);
    const failures = /^ *(Non-2xx|Socket errors).*$/gm;
    const counts = [...said.matchAll(failures)].flatMap(([line]) => line.match(/\b\d+\b(?!xx)/g) ?? []);
    const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(said) ?? [];
    const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(said) ?? [];
    const inMs = { us: 0.001, ms: 1, s: 1000 }[unit as "us" | "ms" | "s"];
    const failed = counts.reduce((sum, count) => sum + Number(count), 0);
    return { requestsPerSecond: Number(rate), p99Ms: Number(p99) * inMs, failed };
  }

  /** Visitors who come at a steady rate by HTTPS and HTTP/2, while nothing happens or while a thousand files are published. */
  async visits(during: During): Promise<Visits> {
    const visiting = this.sh(
      `rm -f /run/bench/visits
       h2load --duration=${VISIT_SECONDS} --rps=${VISITS_PER_SECOND / 8} --clients=8 --log-file=/run/bench/visits \
         https://${DOMAIN}/pi/22k.html >/run/bench/h2load.out; cat /run/bench/visits`,
    );
    if (during !== "nothing") {
      await sleep(2_000);
      const container = during === "publishing" ? "pi" : "elsewhere";
      await this.store.createContainer(container);
      const names = Array.from({ length: PUBLISHED_FILES }, (_, i) => `many/${i}.html`);
      await eachOf(
        names,
        4,
        async (name) => void (await this.store.put(container, name, `${name} ${Date.now()}`.repeat(50))),
      );
      if (during === "publishing") await this.untilServed(names.at(-1) as string);
    }
    // Begin in us, status, duration in us; a line a request.
    const visits = (await visiting).split("\n").map((line) => line.split("\t").map(Number));
    const times = visits.map(([, , us = 0]) => us / 1000);
    return {
      requests: visits.length,
      failed: visits.filter(([, status]) => status !== 200).length,
      p50Ms: percentile(times, 0.5) ?? Number.NaN,
      p99Ms: percentile(times, 0.99) ?? Number.NaN,
    };
  }
}

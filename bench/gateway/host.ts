import { copyFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { eachOf } from "../../provisioning/publisher/src/pace";
import { Clients } from "../../test/gateway/clients";
import { AUTHOR, GatewayHost } from "../../test/gateway/gatewayHost";
import { driverCredentials, FIRST_USER, STORE_AUTH_URL } from "../../test/support/courseHost";
import { buildGoTool } from "../../test/support/goTool";
import type { Server } from "./servers";

/** How much is sent and listed. */
export interface Sizes {
  files: number;
  largeMb: number;
  entries: number;
}

/** What one server took, in seconds: logins included. */
export interface Seconds {
  small: number;
  /** The small files by FTP from a client that does not ask to keep their times: rclone has no such command. */
  untimed?: number;
  large: number;
  list: number;
}

/** A current rclone: Debian's serves no FTP. */
const RCLONE = ["github.com/rclone/rclone", "v1.71.2"] as const;
const FILES_A_FOLDER = 50;
const PAGES = 30;
/** Without FEAT lftp knows of no way to set a file's time. */
const WITHOUT_TIMES = ["use-feat", "use-mdtm-overloaded", "use-site-utime", "use-site-utime2"]
  .map((name) => `set ftp:${name} no\n`)
  .join("");

/** The container with store, gateway, rclone's servers and clients. */
export class GatewayBench {
  private readonly clients: Clients;

  private constructor(
    private readonly gateway: GatewayHost,
    private readonly sizes: Sizes,
  ) {
    this.clients = new Clients(() => gateway);
  }

  static async boot(sizes: Sizes, say: (line: string) => void): Promise<GatewayBench> {
    const bench = new GatewayBench(await GatewayHost.boot("bench-gateway", STORE_AUTH_URL), sizes);
    try {
      await bench.prepare(say);
    } catch (error) {
      await bench.stop();
      throw error;
    }
    return bench;
  }

  stop(): Promise<void> {
    return this.gateway.stop();
  }

  private async prepare(say: (line: string) => void): Promise<void> {
    const { files, largeMb } = this.sizes;
    await this.clients.prepare();
    copyFileSync(await buildGoTool(...RCLONE, say), this.gateway.host.container.outside("/usr/local/bin/bench-rclone"));
    say("making files");
    await this.gateway.sh(`mkdir -p /run/bench /root/small
      for i in $(seq 0 ${files - 1}); do d=/root/small/$((i / ${FILES_A_FOLDER})); mkdir -p $d
        head -c $((1000 + i * 7919 % 19000)) /dev/urandom >$d/$i.html; done
      head -c ${largeMb}M /dev/urandom >/root/large.bin
      cp /etc/upload-gateway/tls.crt /etc/upload-gateway/tls.key /run/bench
      # lftp reads all authorities that the system knows for each data connection, which takes longer than the upload.
      echo 'set ssl:ca-file /run/bench/tls.crt' >>/root/lftp.conf
      cat >/run/bench/rclone.conf <<'END'\n${driverCredentials("rclone", FIRST_USER)["rclone.conf"]}\nEND`);
  }

  /** Stores the objects that are listed. What is measured from now on is not how anything is published. */
  async fill(): Promise<void> {
    await this.gateway.sh("systemctl stop site-publisher");
    const names = Array.from({ length: this.sizes.entries }, (_, i) => `many/${i + 1}.html`);
    await eachOf(names, 8, async (name) => void (await this.gateway.store.put("py4inf", name, name)));
  }

  /** Sends and lists everything once, to a server that has just been started. */
  async measure(server: Server, round: number): Promise<Seconds> {
    await this.start(server);
    const to = `/pi/${server.name}-${round}`;
    const small = (name: string) => `mirror --reverse --parallel=4 /root/small ${to}/${name}`;
    const seconds = {
      small: await this.time(server, small("small")),
      ...(server.protocol === "FTP over TLS" && {
        untimed: await this.time(server, `${WITHOUT_TIMES}${small("untimed")}`),
      }),
      large: await this.time(server, `put /root/large.bin -o ${to}-large.bin`),
      list: await this.time(server, "ls /py4inf/many >/dev/null"),
    };
    await this.gateway.sh(`systemctl stop bench-server 2>/dev/null || true
      bench-rclone --config /run/bench/rclone.conf delete content:pi; bench-rclone --config /run/bench/rclone.conf delete content:segments`);
    return seconds;
  }

  /** How long a page that was uploaded takes to the site, before `fill`: ms from the client's end to the new bytes, of each of some pages. */
  async measureToSite(): Promise<number[]> {
    const page = (i: number) => `<p>page ${i}</p>\n`;
    const times: number[] = [];
    for (let i = 0; i < PAGES; i++) {
      await this.gateway.sh(`printf '%s' '${page(i)}' >/root/page.html`);
      // Inside: neither this process nor the way into the container is measured.
      const ms = await this.gateway.sh(
        `curl -sSk --ssl-reqd --user '${AUTHOR.name}:${AUTHOR.password}' -T /root/page.html ftp://127.0.0.1/pi/page.html
         begin=$(date +%s%3N); end=$((begin + 60000))
         until curl -s http://127.0.0.1/pi/page.html | cmp -s - /root/page.html; do
           [ $(date +%s%3N) -lt $end ] || exit 1; sleep 0.01; done
         echo $(($(date +%s%3N) - begin))`,
      );
      times.push(Number(ms));
      await sleep(500 + ((i * 7919) % 1000));
    }
    return times;
  }

  /** The small files straight into the store, by four connections of curl: what no gateway can exceed. In seconds. */
  async measureStore(): Promise<number> {
    const { username, apiKey } = FIRST_USER;
    await this.gateway.sh(`cd /root
      curl -sfi -H 'X-Auth-User: ${username}' -H 'X-Auth-Key: ${apiKey}' ${STORE_AUTH_URL} | tr -d '\\r' >login
      url=$(sed -n 's/^X-Storage-Url: //Ip' login) token=$(sed -n 's/^X-Auth-Token: //Ip' login)
      for part in 0 1 2 3; do
        printf 'silent\\nfail\\nheader = "X-Auth-Token: %s"\\n' "$token" >puts-$part
        find small -type f | awk "NR % 4 == $part" | while read -r file; do
          printf 'upload-file = "%s"\\nurl = "%s/pi/store/%s"\\noutput = /dev/null\\n' "$file" "$url" "$file"
        done >>puts-$part
      done`);
    const began = performance.now();
    await this.gateway.sh("cd /root; for part in 0 1 2 3; do curl --config puts-$part & done; wait");
    return (performance.now() - began) / 1000;
  }

  private async start({ name, url, command }: Server): Promise<void> {
    if (command === undefined) {
      await this.gateway.sh("systemctl restart upload-gateway");
    } else {
      const login = `--user ${AUTHOR.name} --pass '${AUTHOR.password}'`;
      await this.gateway.sh(`systemctl reset-failed bench-server 2>/dev/null || true
        systemd-run --quiet --unit=bench-server --setenv=HOME=/root ${command} ${login}`);
    }
    await this.gateway.host.container.until(30, `${name} answers`, async () => {
      return (await this.clients.lftp("ls /", url)).code === 0;
    });
  }

  private async time({ url, title }: Server, commands: string): Promise<number> {
    const began = performance.now();
    const { code, stderr } = await this.clients.lftp(commands, url);
    if (code !== 0) throw new Error(`${title}: ${commands}: ${stderr}`);
    return (performance.now() - began) / 1000;
  }
}

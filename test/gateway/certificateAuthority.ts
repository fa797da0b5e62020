import { copyFileSync } from "node:fs";
import { buildGoTool } from "../support/goTool";
import type { SystemdContainer } from "../support/systemdContainer";

const VERSION = "v2.10.1";
const MODULE = "github.com/letsencrypt/pebble/v2/cmd";
const FOLDER = "/run/pebble";

/**
 * Pebble, Let's Encrypt's own ACME server for tests, with a DNS that says what it is told, to the whole container. It refuses one nonce in twenty, as a
 * real authority may, and checks challenges at ports 80 and 443.
 */
export class CertificateAuthority {
  /** The ACME directory, inside the container. */
  readonly directory = "https://localhost:14000/dir";

  private constructor(
    private readonly container: SystemdContainer,
    /** PEM of what signs the directory's own HTTPS. */
    readonly trustedRoot: string,
  ) {}

  /** @param validDays how long its certificates are valid */
  static async start(container: SystemdContainer, validDays: number): Promise<CertificateAuthority> {
    const say = (line: string) => void process.stderr.write(`${line}\n`);
    for (const program of ["pebble", "pebble-challtestsrv"])
      copyFileSync(
        await buildGoTool(`${MODULE}/${program}`, VERSION, say),
        container.outside(`/usr/local/bin/${program}`),
      );
    await container.sh(
      `mkdir -p ${FOLDER} && cd ${FOLDER}
       openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
         -addext subjectAltName=DNS:localhost -keyout tls.key -out tls.crt 2>/dev/null
       systemd-run --quiet --unit=pebble-dns pebble-challtestsrv -defaultIPv4 '' -defaultIPv6 '' -dnsserver 127.0.0.1:53 \
         -management 127.0.0.1:8055 -http01 '' -https01 '' -tlsalpn01 '' -doh ''
       rm -f /etc/resolv.conf && echo nameserver 127.0.0.1 >/etc/resolv.conf`,
    );
    const authority = new CertificateAuthority(container, await container.sh(`cat ${FOLDER}/tls.crt`));
    await authority.resume(validDays);
    return authority;
  }

  /** Lets the domain lead to the container itself. */
  async setAddress(domain: string): Promise<void> {
    const record = JSON.stringify({ host: `${domain}.`, addresses: ["127.0.0.1"] });
    await this.container.sh(`curl -sf --data '${record}' http://127.0.0.1:8055/add-a`);
  }

  /** Its root, which browsers would trust. */
  async root(): Promise<string> {
    return await this.container.sh("curl -sfk https://127.0.0.1:15000/roots/0");
  }

  /** What signs its certificates, and comes with each. */
  async intermediate(): Promise<string> {
    return await this.container.sh("curl -sfk https://127.0.0.1:15000/intermediates/0");
  }

  async stop(): Promise<void> {
    await this.container.sh("systemctl stop pebble");
  }

  /** Comes back after `stop`: with another root, as it keeps nothing, accounts neither. */
  async resume(validDays: number): Promise<void> {
    const config = {
      pebble: {
        listenAddress: "127.0.0.1:14000",
        managementListenAddress: "127.0.0.1:15000",
        certificate: `${FOLDER}/tls.crt`,
        privateKey: `${FOLDER}/tls.key`,
        httpPort: 80,
        tlsPort: 443,
        profiles: { default: { description: "The only one", validityPeriod: validDays * 86_400 } },
      },
    };
    await this.container.sh(
      `cat >${FOLDER}/config.json
       systemd-run --quiet --unit=pebble pebble -config ${FOLDER}/config.json -dnsserver 127.0.0.1:53 -strict`,
      JSON.stringify(config),
    );
    await this.container.until(30, "the certificate authority answers", async () => {
      return (await this.container.run(`curl -sfk ${this.directory}`)).code === 0;
    });
  }
}

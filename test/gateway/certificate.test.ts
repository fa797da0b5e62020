import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certificateProblem, certificateStatus } from "../../cli/lib/certificate";
import { namedCourses } from "../support/courseHost";
import { whyNoContainers } from "../support/systemdContainer";
import { CertificateAuthority } from "./certificateAuthority";
import { GatewayHost } from "./gatewayHost";

// The real step with certbot, nginx and the upload gateway, and a real ACME server.
const noContainers = whyNoContainers();
if (noContainers) console.warn(`certificates are not tested: ${noContainers}`);
const BOOT_MS = 10 * 60_000;
const LONG_MS = 3 * 60_000;

const DOMAIN = "courses.example.org";
/** Fewer than certbot renews at: each try is a renewal. */
const VALID_DAYS = 20;

describe.skipIf(noContainers)("the site's certificate", { timeout: LONG_MS }, () => {
  let gateway: GatewayHost;
  let authority: CertificateAuthority;
  const sh = (command: string) => gateway.sh(command);
  const run = (command: string) => gateway.run(command);

  beforeAll(async () => {
    gateway = await GatewayHost.boot("certificate");
    authority = await CertificateAuthority.start(gateway.host.container, VALID_DAYS);
    await gateway.host.step("web-server", "rclone", { inputs: { SERVER_NAME: DOMAIN } });
  }, BOOT_MS);
  afterAll(() => gateway?.stop(), LONG_MS);

  const step = (scripts?: string, COURSE_NAMES = "") =>
    gateway.host.runStep(
      "certificate",
      {
        inputs: { DOMAIN, COURSE_NAMES, AUTHORITY: authority.directory, EMAIL: "" },
        files: { "trusted-root.pem": `${authority.trustedRoot}\n` },
      },
      scripts ?? "bash ./install.sh && bash ./verify.sh",
    );
  const known = async () => certificateStatus(await run("/usr/local/lib/certificate/status").then(answer));
  const answer = ({ code, stdout }: { code: number | null; stdout: string }) => ({ code: code ?? 1, text: stdout });
  /** nginx goes over to another certificate by a reload, which ends after the command that asks for it. */
  const renew = async () => {
    await sh("systemctl start certificate || { journalctl --unit certificate --output cat --lines 20; exit 1; }");
    const obtained = await sh("openssl x509 -in /etc/web-server/tls.crt -noout -serial");
    await gateway.host.container.until(30, "nginx shows it", async () => (await serial(443)) === obtained);
  };
  /** curl to the site, as a browser that trusts the authority. */
  const visit = (url: string, options = "") =>
    sh(
      `curl -s --cacert /root/root.pem --resolve '*:80:127.0.0.2' --resolve '*:443:127.0.0.2' -o /dev/null \
         -w '%{http_code} %{http_version} %{redirect_url}' ${options} '${url}'`,
    );
  const serial = (port: number, more = "") =>
    sh(
      `openssl s_client -connect 127.0.0.1:${port} -servername ${DOMAIN} ${more} </dev/null 2>/dev/null | openssl x509 -noout -serial`,
    );

  it("is none, and the site served by HTTP, while the domain leads nowhere", async () => {
    const { code, stdout, stderr } = await step();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/warning: no new certificate: .*courses\.example\.org/);
    expect(stdout).toContain("the site is served by HTTP until there is a certificate");
    expect(await sh("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.2/")).toBe("200");
    const status = await known();
    expect(status).toMatchObject({ domain: DOMAIN, problem: expect.stringContaining(DOMAIN) });
    expect(certificateProblem(status)).toMatch(/^there is none of courses\.example\.org yet, .*: .+/);
  });

  it("is obtained as soon as it does, and shown by nginx and the upload gateway", async () => {
    await authority.setAddress(DOMAIN);
    await renew();
    await gateway.host.container.sh("cat >/root/root.pem", await authority.root());
    expect(await visit(`https://${DOMAIN}/`)).toBe("200 2");
    await gateway.host.container.until(60, "the gateway shows it", async () => {
      return (await serial(21, "-starttls ftp")) === (await serial(443));
    });
    const { code, stdout } = await step();
    expect(code).toBe(0);
    expect(stdout).toContain(`verified: https://${DOMAIN}/ is served, certificate until `);
    expect(await known()).toEqual({
      domain: DOMAIN,
      ends: expect.stringMatching(/^20\d\d-\d\d-\d\dT/),
      missing: [],
    });
  });

  it("leads visitors from HTTP to HTTPS, and serves this machine itself by HTTP", async () => {
    expect(await visit(`http://${DOMAIN}/pi/?a=1`)).toBe(`301 1.1 https://${DOMAIN}/pi/?a=1`);
    expect(await visit("http://192.0.2.7/pi/")).toBe(`301 1.1 https://${DOMAIN}/pi/`);
    expect(await sh("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/")).toBe("200");
    const headers = await sh(`curl -sI --cacert /root/root.pem --resolve '*:443:127.0.0.2' https://${DOMAIN}/`);
    expect(headers).toMatch(/strict-transport-security: max-age=63072000\r\n/i);
    expect(headers).toMatch(/cache-control: no-cache\r\n/i);
  });

  it.each([
    ["a name that it is not of", "https://other.example.org/", ""],
    ["TLS 1.1", `https://${DOMAIN}/`, "--tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0"],
  ])("refuses %s", async (_, url, options) => {
    const { code } = await run(`curl -sk --resolve '*:443:127.0.0.2' ${options} '${url}'`);
    expect(code).toBe(35);
  });

  it("is renewed by the timer's service; no request fails meanwhile", async () => {
    const before = await serial(443);
    await sh(`cat >/root/visit <<'END'
while [ ! -e /root/stop ]; do
  curl -sf --cacert /root/root.pem --resolve '*:443:127.0.0.2' -o /dev/null https://${DOMAIN}/ && echo good || echo bad; done
END
      systemd-run --quiet --unit=visits --property=StandardOutput=file:/root/visits bash /root/visit`);
    await renew();
    expect(await serial(443)).not.toBe(before);
    await sh("touch /root/stop; while systemctl --quiet is-active visits; do sleep 0.1; done");
    const visits = (await sh("sort /root/visits | uniq -c")).trim();
    expect(visits).toMatch(/^\d+ good$/);
  });

  it("stays when it can't be renewed, and the status says so", async () => {
    await authority.stop();
    const before = await serial(443);
    expect((await run("systemctl start certificate")).code).toBe(1);
    expect(await serial(443)).toBe(before);
    const { code, stdout } = await step("bash ./verify.sh");
    expect(code).toBe(0);
    expect(stdout).toMatch(/warning: no new certificate: .+\n/);
    expect(certificateProblem(await known())).toMatch(/^the one of .* ends in 19 days and was not renewed: .+/);
    expect(certificateProblem({ domain: DOMAIN, ends: "2020-01-01T00:00:00Z", missing: [] })).toMatch(
      /^the one of .* has expired/,
    );
    await authority.resume(VALID_DAYS);
  });

  describe("of courses with names of their own", () => {
    const [PI, PY4INF] = [`pi.${DOMAIN}`, `py4inf.${DOMAIN}`];
    const names = async () =>
      (await sh("openssl x509 -in /etc/web-server/tls.crt -noout -ext subjectAltName | sed -n 's/ *DNS://gp'"))
        .split(",")
        .toSorted();

    beforeAll(async () => {
      // From nothing, and so that nothing is due.
      await authority.stop();
      await authority.resume(90);
      await sh("rm -rf /var/lib/certificate/*");
      await authority.setAddress(PI);
    });

    it("gets the names that lead to the server; the others stay where they were", async () => {
      const courses = [PI, PY4INF].map((name) => ({ name: name.split(".")[0], title: name }));
      expect((await gateway.host.step("web-server", "rclone", namedCourses(DOMAIN, courses))).stderr).toBe("");
      const { code, stdout, stderr } = await step(undefined, `${PI} ${PY4INF}`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`warning: the certificate lacks ${PY4INF}: a name gets into it once it leads where`);
      await gateway.host.container.sh("cat >/root/root.pem", await authority.root());
      expect(await names()).toEqual([DOMAIN, PI]);
      expect(certificateProblem(await known())).toMatch(/lacks py4inf\.courses\.example\.org: a name gets/);
      expect(await visit(`https://${PI}/`)).toBe("200 2");
      expect(await visit(`https://${DOMAIN}/pi/a?b=1`)).toBe(`301 2 https://${PI}/a?b=1`);
      expect(await visit(`http://${PI}/a?b=1`)).toBe(`301 1.1 https://${PI}/a?b=1`);
      expect(await visit(`https://${DOMAIN}/py4inf/`)).toBe("200 2");
      expect(await visit(`http://${PY4INF}/`)).toBe("200 1.1");
      expect((await run(`curl -sk --resolve '*:443:127.0.0.2' https://${PY4INF}/`)).code).toBe(35);
      expect(await visit(`http://other.${DOMAIN}/pi/`)).toBe(`301 1.1 https://${DOMAIN}/pi/`);
      expect(await sh("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/pi/")).toBe("200");
    });

    it("asks for no other while nothing has changed", async () => {
      const before = await serial(443);
      await sh("systemctl start certificate");
      expect(await serial(443)).toBe(before);
    });

    it("is neither lost nor withheld because the authority refuses a name", async () => {
      const before = await serial(443);
      await sh(`echo 127.0.0.1 ${PY4INF} >>/etc/hosts`);
      expect((await run("systemctl start certificate")).code).toBe(1);
      expect(await serial(443)).toBe(before);
      expect(certificateProblem(await known())).toMatch(/ lacks py4inf\..*py4inf\.courses\.example\.org/);
      // The first one, as it were.
      await sh("rm -rf /var/lib/certificate/*");
      await renew();
      expect(await serial(443)).not.toBe(before);
      expect(await names()).toEqual([DOMAIN, PI]);
    });

    it("gets another name as soon as it leads there, and all the names again", async () => {
      await authority.setAddress(PY4INF);
      await renew();
      expect(await names()).toEqual([DOMAIN, PI, PY4INF]);
      expect(await known()).toMatchObject({ missing: [] });
      expect(await visit(`https://${PY4INF}/`)).toBe("200 2");
      expect(await visit(`https://${DOMAIN}/py4inf/`)).toBe(`301 2 https://${PY4INF}/`);
      expect(await visit(`http://${PY4INF}/`)).toBe(`301 1.1 https://${PY4INF}/`);
      const headers = await sh(`curl -sI --cacert /root/root.pem --resolve '*:443:127.0.0.2' https://${PI}/`);
      expect(headers).toMatch(/strict-transport-security: max-age=63072000\r\n/i);
      expect(await serial(21, "-starttls ftp")).toBe(await serial(443));
    });
  });

  it("is hardened, and its keys are private", async () => {
    const verdict = await sh("systemd-analyze security --no-pager certificate.service | tail -n 1");
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(verdict)?.[1])).toBeLessThanOrEqual(2);
    expect(await sh("stat -c '%U %a' /var/lib/certificate /etc/web-server/tls.key /etc/upload-gateway/tls.key")).toBe(
      "certificate 700\nroot 600\nupload-gateway 600",
    );
    const { code } = await run("runuser -u www-data -- find /var/lib/certificate /etc/web-server -name '*key*'");
    expect(code).toBe(1);
  });

  it("is gone with its step; the site is served by HTTP again, twice does no harm", async () => {
    for (const _ of [1, 2]) expect(await step("bash ./remove.sh")).toMatchObject({ code: 0 });
    expect(await visit(`http://${DOMAIN}/`)).toBe("200 1.1");
    expect(await sh("ls /var/lib/certificate /etc/web-server /usr/local/lib/certificate 2>/dev/null || true")).toBe("");
  });
});

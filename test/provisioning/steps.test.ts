import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Status } from "../../provisioning/publisher/src/status";
import {
  CourseHost,
  credentialFiles,
  type Driver,
  FIRST_USER,
  NEXT_USER,
  namedCourses,
  publisherConfig,
  STEPS,
  whyNoCloudfuse,
} from "../support/courseHost";
import { SYSTEM, whyNoContainers } from "../support/systemdContainer";
import { compressionCases } from "./compressionCases";

// Runs the real scripts on a real systemd, one after the other on one host, as a server's life goes.
const noContainers = whyNoContainers();
if (noContainers) console.warn(`the provisioning steps are not tested: ${noContainers}`);
const noCloudfuse = noContainers ?? whyNoCloudfuse();
if (noCloudfuse && !noContainers) console.warn(`tested with rclone only: ${noCloudfuse}`);
const driver: Driver = noCloudfuse ? "rclone" : "cloudfuse";

const SERVICES = ["content-mount", "content-mount-watchdog", "site-publisher", "nginx"];
/** A boot may have to build the root file system first. */
const BOOT_MS = 10 * 60_000;
/** For what takes half a minute on an idle machine. */
const LONG_MS = 3 * 60_000;

describe.skipIf(noContainers)(`the steps on ${SYSTEM} (${driver})`, () => {
  let host: CourseHost;
  const sh = (command: string) => host.container.sh(command);

  beforeAll(async () => {
    host = await CourseHost.boot("steps");
  }, BOOT_MS);
  afterAll(() => host?.stop(), LONG_MS);

  /** Which run of each service this is; a restart gives a new one. */
  async function runs(): Promise<Record<string, string>> {
    const ids = await sh(`systemctl show --property=InvocationID --value ${SERVICES.join(" ")}`);
    return Object.fromEntries(SERVICES.map((service, i) => [service, ids.split("\n\n")[i]?.trim() ?? ""]));
  }

  it("refuse a system they don't know before they change anything", async () => {
    await sh(
      `printf 'ID=alpine\\nVERSION_ID=3.20\\n' >/run/os-release; mount --bind /run/os-release /usr/lib/os-release`,
    );
    const { code, stdout, stderr } = await host.step("packages", driver);
    await sh("umount /usr/lib/os-release");
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "packages: error: this server runs alpine 3.20; supported are Debian 12 and Ubuntu 24.04: choose another image\n",
    });
  });

  it("install a missing package, also where the server was stopped while apt worked", async () => {
    // What dpkg leaves then, and what apt refuses to work with.
    await sh("dpkg --purge --force-depends make && touch /var/lib/dpkg/updates/0000");
    const { code, stdout } = await host.step("packages", "cloudfuse");
    expect(stdout).toContain("installing 1 packages");
    expect(code).toBe(0);
    await sh("make --version");
  });

  it("keep nginx's own page from visitors until the site is set up", async () => {
    expect(await sh("systemctl is-enabled nginx || true")).toBe("masked");
    expect(await sh("systemctl is-active nginx || true")).toBe("inactive");
  });

  it("name an input that is wrong", async () => {
    const { code, stderr } = await host.step("packages", driver, { inputs: { FUSE_DRIVER: "sshfs" } });
    expect(code).toBe(1);
    expect(stderr).toBe("packages: error: input FUSE_DRIVER must be one of: cloudfuse rclone; it is 'sshfs'\n");
  });

  it(
    "say that the store refuses the credentials, and don't show them",
    async () => {
      const wrong = { ...FIRST_USER, apiKey: "not-the-key" };
      const { code, stdout, stderr } = await host.step("credentials", driver, {
        secretFiles: credentialFiles(driver, wrong),
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^credentials: error: the object store can't be used: \S+ refused the user name or the api key \(401 from \S+\); check .*\n$/,
      );
      expect(stdout + stderr).not.toContain("not-the-key");
    },
    LONG_MS,
  );

  it.each([
    ["http://127.0.0.1:8081/auth/v1.0", "http://127.0.0.1:8081 cannot be reached: connection refused"],
    ["http://127.0.0.1:8080/nowhere", "http://127.0.0.1:8080/nowhere gave no token (HTTP 412); is it the auth URL?"],
  ])("tell a wrong auth URL from a wrong key: %s", async (authUrl, message) => {
    const files = credentialFiles(driver, FIRST_USER, authUrl);
    const asked = await host.step(
      "credentials",
      driver,
      { secretFiles: files },
      "node ./ask-store.cjs credentials.json",
    );
    expect(asked.stdout).toContain(message);
    expect(asked.code).toBe(1);
  });

  it(
    "set up the whole server",
    async () => {
      await host.provision(driver);
      expect(await sh("mount | grep ' on /mnt '")).toMatch(/ on \/mnt type fuse\.(cloudfuse|rclone) \(ro,nosuid,nodev/);
      expect(await sh("ls /mnt")).toBe("pi\npy4inf");
      expect(await sh("cat /mnt/pi/index.html")).toBe("<h1>pi</h1>");
    },
    LONG_MS,
  );

  it("lead to a site that shows what the store holds", async () => {
    await host.container.until(20, "both courses are served", async () => {
      const { stdout } = await host.container.run("curl -sf http://127.0.0.1/pi/ http://127.0.0.1/py4inf/");
      return stdout === "<h1>pi</h1>\n<h1>py4inf</h1>\n";
    });
    const answer = await sh("curl -si --path-as-is http://127.0.0.1/pi/");
    expect(answer).toMatch(/Content-Type: text\/html; charset=utf-8\r\n/);
    expect(answer).toMatch(/Server: nginx\r\n/);
    const status = (path: string) => sh(`curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1${path}`);
    expect(await status("/pi/.git/config")).toBe("404");
    // A page that was open during a publication still finds the style of the release before, but no page of it.
    await sh(
      "mkdir -p /var/www/html/.before/pi && touch /var/www/html/.before/pi/old.css /var/www/html/.before/pi/old.html",
    );
    expect([await status("/pi/old.css"), await status("/pi/old.html")]).toEqual(["200", "404"]);
    expect(await status("/.before/pi/old.css")).toBe("404");
    await sh("rm -r /var/www/html/.before");
  });

  compressionCases(() => host);

  it("let nobody in but visitors and administration", async () => {
    await sh(`ip netns add outside && ip link add toward type veth peer name away netns outside
      ip address add 198.51.100.1/24 dev toward && ip link set toward up
      ip -n outside address add 198.51.100.2/24 dev away && ip -n outside link set away up
      systemd-run --quiet --unit=stray python3 -m http.server 8099`);
    const visit = (where: string, port: number) =>
      host.container.run(`${where} curl -s -o /dev/null --max-time 2 http://198.51.100.1:${port}/`);
    await host.container.until(10, "it listens", async () => (await visit("", 8099)).code === 0);
    expect((await visit("ip netns exec outside", 80)).code).toBe(0);
    expect((await visit("ip netns exec outside", 8099)).code).toBe(28);
    const login = await host.container.run(
      "ip netns exec outside ssh -o StrictHostKeyChecking=no -o BatchMode=yes debian@198.51.100.1 true",
    );
    expect(login.stderr).toContain("Permission denied (publickey)");
    await sh("systemctl stop stray; ip netns del outside");
  });

  it("tell browsers what pages may do, how long to keep things, and what they are", async () => {
    const release = await sh("readlink -f /var/www/html/pi");
    await sh(
      `cd ${release} && echo x | tee app.3f9a2c1b.js app.js 20260101.png m.mjs code.py site.webmanifest >/dev/null`,
    );
    const headersOf = async (path: string) => {
      const answer = await sh(`curl -sI http://127.0.0.1${path}`);
      return Object.fromEntries(
        [...answer.matchAll(/^([\w-]+): (.*?)\r?$/gm)].map(([, k, v]) => [k?.toLowerCase(), v]),
      );
    };
    const start = await headersOf("/");
    expect(start).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "strict-origin-when-cross-origin",
      "cache-control": "no-cache",
    });
    expect(start["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; /);
    expect((await headersOf("/pi/"))["content-security-policy"]).toMatch(
      /^default-src 'self' https: .*'unsafe-inline'/,
    );
    const cacheOf = async (file: string) => (await headersOf(`/pi/${file}`))["cache-control"];
    expect(await cacheOf("app.3f9a2c1b.js")).toBe("public, max-age=31536000, immutable");
    for (const file of ["app.js", "20260101.png"]) expect(await cacheOf(file)).toBe("no-cache");
    const types = { "m.mjs": "application/javascript", "code.py": "text/plain" };
    for (const [file, type] of Object.entries(types))
      expect((await headersOf(`/pi/${file}`))["content-type"]).toBe(`${type}; charset=utf-8`);
    expect((await headersOf("/pi/site.webmanifest"))["content-type"]).toMatch(/^application\/manifest\+json/);
    await sh(`cd ${release} && rm app.3f9a2c1b.js app.js 20260101.png m.mjs code.py site.webmanifest`);
  });

  it("leave nginx as it was, if it refuses what is new", async () => {
    const { code, stderr } = await host.step("web-server", driver, { files: { "courses.conf": "map $uri {\n" } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^web-server: error: nginx refuses its configuration: /);
    await sh("nginx -t -q && curl -sf http://127.0.0.1/pi/");
    expect((await host.step("web-server", driver)).stderr).toBe("");
  });

  it("ask a server's siblings for a challenge that is not here, and never in circles", async () => {
    await sh(`ip address add 127.0.0.8/8 dev lo; ip address add 127.0.0.9/8 dev lo
      mkdir -p /var/www/acme/.well-known/acme-challenge /root/sibling/.well-known/sibling-challenge
      echo ours >/var/www/acme/.well-known/acme-challenge/here; echo theirs >/root/sibling/.well-known/sibling-challenge/there
      systemd-run --quiet --unit=sibling --working-directory=/root/sibling python3 -m http.server --bind 127.0.0.9 8098
      nft add table ip sibling
      nft 'add chain ip sibling out { type nat hook output priority -100; }; add rule ip sibling out ip daddr 127.0.0.9 tcp dport 80 dnat to 127.0.0.9:8098'`);
    // The first sibling is this server itself: it has what it has, and asks nobody else.
    const { stderr } = await host.step("web-server", driver, { inputs: { SIBLINGS: "127.0.0.1 127.0.0.9" } });
    expect(stderr).toBe("");
    const ask = (path: string) => sh(`curl -s -w ' %{http_code}' http://127.0.0.8/.well-known/acme-challenge/${path}`);
    await host.container.until(10, "the sibling answers", async () => (await ask("there")) === "theirs\n 200");
    expect(await ask("here")).toBe("ours\n 200");
    expect(await ask("nowhere")).toMatch(/ 404$/);
    await sh("systemctl stop sibling");
    expect(await ask("here")).toBe("ours\n 200");
    expect((await host.step("web-server", driver)).stderr).toBe("");
    expect(await ask("nowhere")).toMatch(/ 404$/);
    await sh("nft delete table ip sibling; rm -r /root/sibling /var/www/acme");
  });

  it("tell no visitors apart behind a load balancer", async () => {
    const limits = () => sh("nginx -T 2>/dev/null | grep -A1 'map $xwmooc_is_local'");
    expect(await limits()).toContain("0 $binary_remote_addr;");
    expect((await host.step("web-server", driver, { inputs: { BALANCED: "yes" } })).stderr).toBe("");
    expect(await limits()).toContain('0 "";');
    expect((await host.step("web-server", driver)).stderr).toBe("");
  });

  it("keep no visitor's whole address in the log", async () => {
    await sh("ip address add 198.51.100.77/32 dev lo; curl -s --interface 198.51.100.77 http://127.0.0.1/pi/?logged");
    const line = await host.container.until(10, "it is logged", async () => {
      const { stdout } = await host.container.run("grep -F '/pi/?logged' /var/log/nginx/access.log");
      return stdout !== "" && stdout;
    });
    expect(line).toMatch(/^198\.51\.100\.0 - - \[/);
    await sh("ip address del 198.51.100.77/32 dev lo");
  });

  it("show a page of what is not there: the course's own, else the site's", async () => {
    const answer = (path: string) => sh(`curl -s -w ' %{http_code}' http://127.0.0.1${path}`);
    expect(await answer("/nowhere")).toMatch(/찾을 수 없습니다[\s\S]*was not found[\s\S]* 404$/);
    expect(await answer("/pi/nowhere")).toMatch(/찾을 수 없습니다[\s\S]* 404$/);
    const release = await sh("readlink -f /var/www/html/pi");
    await sh(`echo 'pi has no such page' >${release}/404.html`);
    expect(await answer("/pi/nowhere")).toBe("pi has no such page\n 404");
    expect(await answer("/pi/.hidden")).toBe("pi has no such page\n 404");
    await sh(`mkdir ${release}/empty`);
    expect(await answer("/pi/empty/")).toBe("pi has no such page\n 404");
    expect(await sh("curl -s -o /dev/null -w '%{http_code} %{redirect_url}' http://127.0.0.1/pi/empty")).toBe(
      "301 http://127.0.0.1/pi/empty/",
    );
    await sh(`rmdir ${release}/empty`);
    expect(await answer("/py4inf/nowhere")).toMatch(/찾을 수 없습니다[\s\S]* 404$/);
    await sh(`rm ${release}/404.html`);
  });

  describe("with a name for each course", () => {
    const DOMAIN = "courses.example.org";
    const LONG = `python-for-informatics-${"x".repeat(40)}`;
    const policy = "default-src 'self'";
    const visit = (url: string, options: string) =>
      sh(`curl -s --path-as-is --resolve '*:80:127.0.0.1' ${options} 'http://${url}'`);
    const body = (url: string) => visit(url, "-w ' %{http_code}'");
    const leadsTo = (url: string) => visit(url, "-o /dev/null -w '%{http_code} %{redirect_url}'");
    const policyOf = async (url: string) => /^Content-Security-Policy: (.*)\r$/m.exec(await visit(url, "-I"))?.[1];
    let release: string;

    beforeAll(async () => {
      const courses = [
        { name: "pi", title: "pi", contentSecurityPolicy: policy },
        { name: "py4inf", title: "py4inf", path: "책/py", subdomain: LONG },
      ];
      const { stderr } = await host.step("web-server", driver, namedCourses(DOMAIN, courses));
      expect(stderr).toBe("");
      release = await sh("readlink -f /var/www/html/pi");
      await sh(
        `mkdir -p ${release}/empty /var/www/html/책; ln -sfn "$(readlink -f /var/www/html/py4inf)" /var/www/html/책/py`,
      );
    });
    afterAll(async () => {
      await sh(`rm -r ${release}/empty /var/www/html/책`);
      expect((await host.step("web-server", driver)).stderr).toBe("");
    });

    it("each is at its own, the start page at the domain, and all by path on this machine", async () => {
      expect(await body(`pi.${DOMAIN}/`)).toBe("<h1>pi</h1>\n 200");
      expect(await body(`${LONG}.${DOMAIN}/index.html`)).toBe("<h1>py4inf</h1>\n 200");
      expect(await body(`${DOMAIN}/`)).toMatch(/<title>xwMOOC<\/title>[\s\S]* 200$/);
      expect(await body("127.0.0.1/pi/")).toBe("<h1>pi</h1>\n 200");
      expect(await leadsTo(`pi.${DOMAIN}/empty?a=1`)).toBe(`301 http://pi.${DOMAIN}/empty/?a=1`);
      expect(await leadsTo(`pi.${DOMAIN}/pi/`)).toBe("404");
    });

    it("old links lead there", async () => {
      const links = {
        "/pi": `//pi.${DOMAIN}`,
        "/pi?a=1": `//pi.${DOMAIN}?a=1`,
        "/pi/": `//pi.${DOMAIN}/`,
        "/pi/a%20b%3Fc/%EC%B1%85.html?q=1&r=%2F": `//pi.${DOMAIN}/a%20b%3Fc/%EC%B1%85.html?q=1&r=%2F`,
        "/책/py/x.css": `//${LONG}.${DOMAIN}/x.css`,
        "/%EC%b1%85/%70y/%25": `//${LONG}.${DOMAIN}/%25`,
      };
      for (const [from, to] of Object.entries(links))
        expect(await visit(`${DOMAIN}${from}`, "-o /dev/null -w '%{http_code} %header{location}'")).toBe(`301 ${to}`);
      for (const path of ["/pie", "/책/", "/"]) expect(await leadsTo(`${DOMAIN}${path}`)).not.toMatch(/^3/);
    });

    it("what is hidden stays hidden; what a page still open needs is there", async () => {
      expect(await leadsTo(`pi.${DOMAIN}/.git/config`)).toBe("404");
      await sh("mkdir -p /var/www/html/.before/pi && touch /var/www/html/.before/pi/old.{css,html}");
      expect(await leadsTo(`pi.${DOMAIN}/old.css`)).toBe("200");
      expect(await policyOf(`pi.${DOMAIN}/old.css`)).toBe(policy);
      expect(await leadsTo(`pi.${DOMAIN}/old.html`)).toBe("404");
      await sh("rm -r /var/www/html/.before");
    });

    it("each page has its policy: the course's, or the site's where the page is the site's", async () => {
      expect(await policyOf(`pi.${DOMAIN}/`)).toBe(policy);
      expect(await policyOf(`${LONG}.${DOMAIN}/`)).toMatch(/frame-ancestors 'self'$/);
      for (const page of [`${DOMAIN}/`, `pi.${DOMAIN}/nowhere`]) expect(await policyOf(page)).toMatch(/ 'sha256-/);
      expect(await body(`pi.${DOMAIN}/nowhere`)).toMatch(/찾을 수 없습니다[\s\S]* 404$/);
      await sh(`echo 'pi has no such page' >${release}/404.html`);
      for (const page of ["nowhere", "empty/"])
        expect(await body(`pi.${DOMAIN}/${page}`)).toBe("pi has no such page\n 404");
      expect(await policyOf(`pi.${DOMAIN}/nowhere`)).toBe(policy);
      await sh(`rm ${release}/404.html`);
    });

    it("the log says which course it was", async () => {
      await visit(`pi.${DOMAIN}/?named`, "");
      await host.container.until(10, "it is logged", async () => {
        const { stdout } = await host.container.run("grep -F 'GET /pi/?named HTTP/1.1' /var/log/nginx/access.log");
        return stdout !== "";
      });
    });
  });

  it(
    "restart nothing when they are run again",
    async () => {
      const before = await runs();
      await host.provision(driver);
      expect(await runs()).toEqual(before);
    },
    LONG_MS,
  );

  it("keep the credentials from everyone else", async () => {
    const driverFile = driver === "cloudfuse" ? ".cloudfuse" : "rclone.conf";
    const files = `/var/lib/content-mount/${driverFile} /etc/site-publisher/credentials.json`;
    expect(await sh(`stat -c '%U:%G %a' ${files}`)).toBe(
      "content-mount:content-mount 600\nsite-publisher:site-publisher 600",
    );
    // The brackets keep the search from finding itself.
    const key = FIRST_USER.apiKey.replace(/y$/, "[y]");
    const found = await sh(
      `{ grep -la '${key}' /proc/[0-9]*/cmdline /proc/[0-9]*/environ; journalctl | grep '${key}'; ls -d /run/xwmooc-step.*; } 2>/dev/null || true`,
    );
    expect(found).toBe("");
  });

  it(
    "restart those whose credentials changed, and nobody else",
    async () => {
      const before = await runs();
      const { code } = await host.step("credentials", driver, { secretFiles: credentialFiles(driver, NEXT_USER) });
      expect(code).toBe(0);
      const mounted = await host.step("content-mount", driver);
      expect(mounted.stderr).toBe("");
      const after = await runs();
      const restarted = SERVICES.filter((service) => before[service] !== after[service]);
      expect(restarted).toEqual(["content-mount", "site-publisher"]);
    },
    LONG_MS,
  );

  it(
    "leave a server that comes back by itself after a reboot",
    async () => {
      await host.container.reboot();
      await host.container.until(60, "the mount and the site are back", async () => {
        const { stdout } = await host.container.run("timeout 5 ls /mnt && curl -sf http://127.0.0.1/pi/");
        return stdout === "pi\npy4inf\n<h1>pi</h1>\n";
      });
      expect(await sh(`systemctl is-active ${SERVICES.join(" ")}`)).toBe("active\nactive\nactive\nactive");
    },
    LONG_MS,
  );

  it("are hardened", async () => {
    const report = await sh("systemd-analyze security --no-pager | grep -E 'content-mount|site-publisher'");
    const exposure = Object.fromEntries(report.split("\n").map((line) => line.split(/\s+/).slice(0, 2)));
    expect(Number(exposure["site-publisher.service"])).toBeLessThanOrEqual(2);
    expect(Number(exposure["content-mount-watchdog.service"])).toBeLessThanOrEqual(2);
  });

  it(
    "measure by a canary how long it takes from the store to the site",
    async () => {
      await host.store("PUT", "canary");
      const canary = { seconds: 1, container: "canary" };
      const config = JSON.stringify({ ...publisherConfig({ courses: ["pi", "py4inf"], pollSeconds: 1 }), canary });
      const { stderr, stdout } = await host.step("publisher", driver, {
        inputs: { AWAIT_COURSES: "yes" },
        files: { "config.json": config },
      });
      expect(stderr).toBe("");
      expect(stdout).toContain("publisher: verified: all courses are published\n");
      const measured = await host.container.until(20, "a measurement", async () => {
        const { canary } = JSON.parse(await sh("site-publisher status --json")) as Status;
        return canary?.latencySeconds ?? undefined;
      });
      expect(measured).toBeGreaterThan(0);
      expect(await sh("curl -s http://127.0.0.1:9150/metrics")).toMatch(/^site_publisher_canary_latency_seconds \d/m);
      expect(await sh("curl -s http://127.0.0.1/")).not.toContain("anary");
    },
    LONG_MS,
  );

  it(
    "miss a container by name",
    async () => {
      const { code, stderr } = await host.step("content-mount", driver, { inputs: { CONTAINERS: "pi scloud" } });
      expect(code).toBe(1);
      expect(stderr).toContain("/mnt does not show: scloud");
    },
    LONG_MS,
  );

  it(
    "are undone in reverse, and twice does no harm",
    async () => {
      for (const _ of ["once", "twice"]) {
        for (const step of STEPS.toReversed()) {
          const { code, stderr } = await host.step(step, driver, {}, "bash ./remove.sh");
          expect({ step, code, stderr }).toEqual({ step, code: 0, stderr: "" });
        }
      }
      const left = await sh(`
      ls -d /opt/cloudfuse /opt/site-publisher /usr/local/bin/* /usr/local/lib/content-mount /var/lib/content-mount \\
        /var/lib/site-publisher /var/lib/xwmooc /etc/site-publisher /etc/systemd/system/*mount* \\
        /etc/systemd/system/{site-publisher,xwmooc}* /etc/xwmooc /usr/local/lib/web-server /etc/nginx/*/*xwmooc* /run/site-publisher 2>/dev/null
      mount | grep ' on /mnt '
      grep -E 'content-mount|site-publisher' /etc/passwd /etc/group
      systemctl is-active ${SERVICES.slice(0, 3).join(" ")} | grep -v inactive
      true`);
      expect(left).toBe("");
      expect(await sh("readlink /etc/nginx/sites-enabled/default")).toBe("/etc/nginx/sites-available/default");
    },
    LONG_MS,
  );
});

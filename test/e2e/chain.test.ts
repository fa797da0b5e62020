import type { KeyObject } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEV_ROOTS, devRoots, lookUpDevName, resolveDevName } from "../../cli/lib/devNames";
import type { SwiftClient } from "../../swift/client";
import { barriers, openBrowser, openPage, whyNoBrowser } from "../support/browser";
import { gradeOf } from "../support/observatory";
import {
  config,
  get,
  inCloud,
  md5,
  npm,
  type Outputs,
  ok,
  onServer,
  outputs,
  pulumi,
  ROOT,
  run,
  store,
  until,
} from "./support/project";
import { compare, urlOf, watch } from "./support/site";

/** Files that the chain edits as a user would, put back at its end. */
const EDITED = ["Pulumi.dev.yaml", "provisioning/web-server/install.sh"];

/** The first run may have to build Pulumi and the dev cloud. */
const FROM_NOTHING_MS = 45 * 60_000;

const noBrowser = whyNoBrowser();
if (noBrowser) console.warn(`HTTPS and the browser are left out: ${noBrowser}`);

let site: Outputs;
let swift: SwiftClient;
const backup = mkdtempSync(join(tmpdir(), "xwmooc-e2e-"));
const saved = (file: string) => join(backup, file.replaceAll("/", "_"));
const putBack = (file: string) => copyFileSync(saved(file), join(ROOT, file));
const course = (name: string) => {
  const found = config.courses.find((one) => one.name === name);
  if (!found) throw new Error(`no course ${name}`);
  return found;
};

/** Stores an object in a course and waits until the site serves it; gives the milliseconds from stored to served. */
async function publish(name: string, object: string, text: string, limit = 30): Promise<number> {
  const where = course(name);
  const key = where.source === "" ? object : `${where.source}/${object}`;
  await swift.put(where.container, key, Buffer.from(text), { contentType: "text/html" });
  const url = urlOf(site.siteUrl, where, key);
  return until(`${url} serves the new text`, limit, async () => (await get(url)).body.toString() === text);
}

async function gone(name: string, object: string): Promise<void> {
  const where = course(name);
  await swift.delete(where.container, object);
  await until(`${object} is gone`, 30, async () => (await get(urlOf(site.siteUrl, where, object))).status === 404);
}

async function expectAllCourses(): Promise<void> {
  for (const one of config.courses) {
    const { files, differences } = await compare(site.siteUrl, one, swift);
    expect(differences, one.name).toEqual([]);
    expect(files, one.name).toBeGreaterThan(0);
    console.log(`${one.name}: ${files} files served as stored`);
  }
}

/** The key of the certificate that the site shows, which one of the dev cloud's roots must have signed. */
async function presentedKey(servername: string): Promise<KeyObject> {
  const socket = connect({ host: servername, servername, port: 443, lookup: lookUpDevName, ca: devRoots() });
  await once(socket, "secureConnect");
  const key = socket.getPeerX509Certificate()?.publicKey;
  socket.destroy();
  if (key === undefined) throw new Error(`${servername} shows no certificate`);
  return key;
}

const logins = async () => Number((await onServer("sudo journalctl -u ssh | grep -c 'Accepted publickey'")).trim());
const serverId = async () =>
  (await pulumi("stack", "export")).match(/"id": "([0-9a-f-]{36})",\s+"type": "openstack:compute\/instance/)?.[1];

beforeAll(() => {
  for (const file of EDITED) copyFileSync(join(ROOT, file), saved(file));
});

afterAll(() => {
  for (const file of EDITED) putBack(file);
  rmSync(backup, { recursive: true });
});

describe("from an empty machine to a course in the browser", () => {
  it(
    "npm run up ends with the URLs",
    async () => {
      const output = await npm("up");
      site = await outputs();
      swift = store();
      expect(output).toContain(site.siteUrl);
      for (const url of Object.values(site.courseUrls)) expect(output).toContain(url);
    },
    FROM_NOTHING_MS,
  );

  it("the site serves exactly the bytes of all six courses, one of them above 1,000 files", async () => {
    await expectAllCourses();
    const sizes = await Promise.all(config.courses.map(async (one) => (await swift.list(one.container)).length));
    expect(Math.max(...sizes)).toBeGreaterThan(1000);
  });

  it("the start page lists the courses", async () => {
    const page = (await get(site.siteUrl)).body.toString();
    for (const one of config.courses) expect(page).toContain(one.title);
  });

  it("the seed's commands show what the seed shows", async () => {
    expect(await onServer("mount")).toMatch(/ on \/mnt type fuse\.\w+ \(/);
    expect((await onServer("ls /mnt")).split(/\s+/)).toEqual(expect.arrayContaining(Object.values(site.containers)));
  });

  it("npm run status finds everything in order", async () => {
    const output = await npm("status");
    for (const one of config.courses) expect(output).toContain(one.name);
  });

  it("a second npm run up changes nothing and runs no remote command", async () => {
    await pulumi("preview", "--expect-no-changes", "--diff");
    const before = await logins();
    await pulumi("up", "--yes", "--expect-no-changes");
    expect(await logins()).toBe(before + 1);
    await npm("up");
  });
});

describe("an author's day", () => {
  it("overwrite with the same size, add, rename and delete are seen", async () => {
    const times = [
      await publish("py4inf", "e2e/page.html", "<p>version 1</p>"),
      await publish("py4inf", "e2e/page.html", "<p>version 2</p>"),
      await publish("pi", "e2e/새 페이지.html", "<p>한글</p>"),
      await publish("pi", "e2e/renamed.html", "<p>한글</p>"),
    ];
    console.log(`stored to served: ${times.join(", ")} ms`);
    await gone("pi", "e2e/새 페이지.html");
    await gone("pi", "e2e/renamed.html");
    await swift.delete("py4inf", "py4inf_html/e2e/page.html");
  });

  it.each([
    ["FTP over TLS", () => ["--ssl-reqd", "--insecure", `ftp://${site.address}/pi/by-gateway.html`]],
    ["SFTP", () => ["--insecure", `sftp://${site.address}:2022/pi/by-gateway.html`]],
  ])("an upload by %s is on the site a moment later", async (protocol, way) => {
    const text = `<p>by ${protocol}</p>`;
    await ok("curl", ["--silent", "--show-error", "--user", "author:xwmooc-dev", "--upload-file", "-", ...way()], text);
    const stored = (await swift.list("pi")).find(({ name }) => name === "by-gateway.html");
    expect(stored?.hash).toBe(md5(Buffer.from(text)));
    const ms = await until(
      "the upload is served",
      30,
      async () => (await get(`${site.courseUrls.pi}by-gateway.html`)).body.toString() === text,
    );
    console.log(`uploaded by ${protocol}, served ${ms} ms later`);
    await gone("pi", "by-gateway.html");
  });

  it("npm run upload publishes a folder and names the courses when it does not know one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "xwmooc-course-"));
    writeFileSync(join(folder, "uploaded.html"), "<p>by upload</p>");
    await npm("upload", "scloud", folder);
    await until(
      "the upload is served",
      30,
      async () => (await get(`${site.courseUrls.scloud}uploaded.html`)).body.toString() === "<p>by upload</p>",
    );
    const { code, output } = await run("npm", ["run", "--silent", "upload", "--", "scluod", folder]);
    expect(code).not.toBe(0);
    expect(output).toMatch(/scluod.*csunplugged, pi, py4inf, rur-ple, scloud, swcarpentry/s);
    expect(output).not.toMatch(/\n\s+at /);
    rmSync(folder, { recursive: true });
    await gone("scloud", "uploaded.html");
  });

  it("bad object names are skipped with a line in the status and harm nothing", async () => {
    const bad = [
      "../escape.html",
      "e2e//double.html",
      `e2e/${"x".repeat(256)}.html`,
      "e2e/new\nline.html",
      "e2e/both",
      "e2e/both/inner.html",
    ];
    for (const name of bad) await swift.put("rur-ple", name, Buffer.from(name));
    await publish("rur-ple", "e2e/good.html", "<p>good</p>");
    const status = await onServer("sudo site-publisher status --json");
    for (const name of ["../escape.html", "e2e//double.html", "e2e/both"]) expect(status).toContain(name);
    expect((await get(`${site.courseUrls["rur-ple"]}e2e/both/inner.html`)).status).toBe(200);
    for (const name of [...bad, "e2e/good.html"]) await swift.delete("rur-ple", name);
  });
});

describe.skipIf(noBrowser)("by a domain and HTTPS, in a browser", () => {
  let domain: string;
  let browser: Browser;
  afterAll(async () => await browser?.close());

  it("npm run up -- --site https declares zone and record, and gets a certificate", async () => {
    const output = await npm("up", "--site", "https");
    site = await outputs();
    domain = new URL(site.siteUrl).hostname;
    expect(site.siteUrl).toMatch(/^https:/);
    expect(output).toContain(site.siteUrl);
    expect(await resolveDevName(domain)).toEqual([site.address]);
    expect((await get(site.siteUrl)).headers["strict-transport-security"]).toBe("max-age=63072000");
    expect(await npm("status")).toMatch(/^Certificate .*until 20\d\d/m);
    await pulumi("preview", "--expect-no-changes", "--diff");
    const key = await presentedKey(domain);
    browser = await openBrowser(`MAP ${domain} ${site.address}`, key);
  });

  it("HTTP leads to HTTPS", async () => {
    const { page, status } = await openPage(browser, `http://${domain}/pi/`);
    expect([status, page.url()]).toEqual([200, `https://${domain}/pi/`]);
    await page.close();
  });

  it("the start page lists the courses, in both languages, and leads to each", async () => {
    const { page, complaints } = await openPage(browser, site.siteUrl);
    expect(await page.locator("main li a").allTextContents()).toEqual(config.courses.map(({ title }) => title));
    await page.getByRole("link", { name: "English" }).click();
    await page.waitForURL(`${site.siteUrl}index.en.html`);
    expect(await page.getAttribute("html", "lang")).toBe("en");
    expect(await barriers(page)).toEqual([]);
    for (const { name, english } of config.courses) {
      await page.goto(`${site.siteUrl}index.en.html`);
      await page.getByRole("link", { name: english.title, exact: true }).click();
      await page.waitForURL(site.courseUrls[name] ?? "");
      expect(await page.locator("body").innerText()).not.toBe("");
    }
    expect(complaints.filter((text) => !text.includes("favicon"))).toEqual([]);
    await page.close();
  });

  it("Mozilla's Observatory gives it an A+", async () => {
    expect(await gradeOf(domain, site.address, DEV_ROOTS)).toEqual({ grade: "A+", failed: [] });
  });

  it("what is not there says so", async () => {
    const { page, status } = await openPage(browser, `${site.siteUrl}pi/nowhere.html`);
    expect(status).toBe(404);
    await page.close();
  });

  it("after an upload a reload shows the change", async () => {
    await publish("pi", "e2e/reload.html", "<!doctype html><h1>before</h1>");
    const { page } = await openPage(browser, `${site.courseUrls.pi}e2e/reload.html`);
    await publish("pi", "e2e/reload.html", "<!doctype html><h1>after.</h1>");
    await page.reload();
    expect(await page.locator("h1").textContent()).toBe("after.");
    await page.close();
    await gone("pi", "e2e/reload.html");
  });

  it("each course at a name of its own: in the DNS, in the certificate, and old links lead there", async () => {
    await pulumi("config", "set", "--path", "xwmooc:webServer.coursesBy", "subdomain");
    try {
      await pulumi("up", "--yes");
      const { courseUrls } = await outputs();
      for (const { name } of config.courses) {
        const url = courseUrls[name] ?? "";
        expect(new URL(url).hostname).toBe(`${name}.${domain}`);
        // The server asks for the certificate's new names once they lead to it.
        await until(
          `${url} is served by HTTPS`,
          120,
          async () => (await get(url).catch(() => undefined))?.status === 200,
        );
        const { location = "" } = (await get(`${site.siteUrl}${name}/index.html`)).headers;
        expect(new URL(location, site.siteUrl).href).toBe(`${url}index.html`);
      }
    } finally {
      putBack("Pulumi.dev.yaml");
    }
    await pulumi("up", "--yes");
    expect((await get(site.courseUrls.pi ?? "")).status).toBe(200);
  });
});

describe("what real life does to it", () => {
  it("a store that stops for 60 s during changes: the site is served all along, the changes are published after", async () => {
    const index = (await get(site.courseUrls.pi ?? "")).body;
    const stop = watch(site.courseUrls.pi ?? "", md5(index));
    const changes = Array.from({ length: 20 }, (_, i) => [`e2e/outage-${i}.html`, `<p>outage ${i}</p>`] as const);
    const storing = (async () => {
      for (const [name, text] of changes) {
        await until(`${name} is stored`, 180, async () => {
          await swift.put("pi", name, Buffer.from(text));
          return true;
        });
      }
    })();
    await inCloud("systemctl", "stop", "openstack-swift-proxy");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await inCloud("systemctl", "start", "openstack-swift-proxy");
    await storing;
    for (const [name, text] of changes) {
      await until(
        `${name} is served`,
        60,
        async () => (await get(`${site.courseUrls.pi}${name}`)).body.toString() === text,
      );
    }
    const { asked, failures } = await stop();
    console.log(`asked ${asked} times during the outage, ${failures.length} failures`);
    expect(failures).toEqual([]);
    for (const [name] of changes) await swift.delete("pi", name);
  });

  it("rotating the api key is one config change and one up, on the same server", async () => {
    const before = await serverId();
    const key = `rotated-${Date.now()}`;
    await ok("devcloud/devcloud", ["set-v1-key", key]);
    try {
      await ok(
        "npm",
        [
          "run",
          "--silent",
          "pulumi",
          "--",
          "config",
          "set",
          "--stack",
          "dev",
          "--secret",
          "--path",
          "xwmooc:objectStore.apiKey",
        ],
        key,
      );
      const output = await pulumi("up", "--yes");
      expect(output).not.toContain(key);
      expect(await serverId()).toBe(before);
      swift = store(key);
      await publish("pi", "e2e/rotated.html", "<p>rotated</p>", 60);
      await swift.delete("pi", "e2e/rotated.html");
    } finally {
      await ok("devcloud/devcloud", ["set-v1-key", "SLDEV-key"]);
      putBack("Pulumi.dev.yaml");
    }
    await pulumi("up", "--yes");
    swift = store();
  });

  it("a changed script runs only its own step", async () => {
    const file = join(ROOT, "provisioning/web-server/install.sh");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n# changed by the end-to-end test\n`);
    const output = await pulumi("up", "--yes");
    expect(output).toMatch(/1 updated/);
    expect(output).not.toMatch(/created|deleted|replaced/);
    putBack("provisioning/web-server/install.sh");
    await pulumi("up", "--yes");
  });

  it("a flavor that is not there is named before anything is touched", async () => {
    const file = join(ROOT, "Pulumi.dev.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("flavor: m1.small", "flavor: m1.smal"));
    const { code, output } = await run("npm", ["run", "--silent", "pulumi", "--", "preview", "--stack", "dev"]);
    putBack("Pulumi.dev.yaml");
    expect(code).not.toBe(0);
    expect(output).toMatch(/xwmooc:webServer\.flavor "m1\.smal" is not there; there are: .*m1\.small/);
  });

  it("what breaks a rule of policy/ is named in a preview, which fails", async () => {
    const file = join(ROOT, "Pulumi.dev.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/(?<=sshFrom:\n +- )\S+/, "0.0.0.0/0"));
    const { code, output } = await run("npm", ["run", "--silent", "pulumi", "--", "preview", "--stack", "dev"]);
    putBack("Pulumi.dev.yaml");
    expect(code).not.toBe(0);
    expect(output).toContain(
      "ingress-tcp-22-0.0.0.0-0 opens SSH to 0.0.0.0/0: name the networks of those who administer",
    );
  });

  it("the web server reboots and all comes back by itself", async () => {
    const boot = (await onServer("cat /proc/sys/kernel/random/boot_id")).trim();
    await run("npm", ["run", "--silent", "ssh", "--", "--stack", "dev", "sudo systemctl reboot"]);
    await until(
      "the server is back",
      400,
      async () => (await onServer("cat /proc/sys/kernel/random/boot_id")).trim() !== boot,
    );
    await until("the site is back", 120, async () => (await get(site.siteUrl)).status === 200);
    await publish("pi", "e2e/reboot.html", "<p>after the reboot</p>", 120);
    await gone("pi", "e2e/reboot.html");
    await until("/mnt is back", 60, async () => (await onServer("ls /mnt")).includes("swcarpentry"));
    await expectAllCourses();
  });

  it("destroy keeps containers and content, and up makes the same site again", async () => {
    const before = await Promise.all(config.courses.map(async (one) => (await swift.list(one.container)).length));
    await pulumi("destroy", "--yes", "--exclude-protected");
    expect(await Promise.all(config.courses.map(async (one) => (await swift.list(one.container)).length))).toEqual(
      before,
    );
    await npm("up");
    site = await outputs();
    await expectAllCourses();
  });

  it("the way back from a domain is one up as well", async () => {
    await npm("up", "--site", "http");
    site = await outputs();
    expect(site.siteUrl).toBe(`http://${site.address}/`);
    await publish("pi", "e2e/plain.html", "<p>by HTTP</p>");
    await gone("pi", "e2e/plain.html");
  });
});

import { createHash, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../gateway/certificateAuthority";
import { Clients } from "../gateway/clients";
import { GatewayHost } from "../gateway/gatewayHost";
import { whyNoContainers } from "../support/systemdContainer";

// A real browser on the real site: HTTPS with a certificate of a test authority, uploads by the real gateway.
const CHROMIUM = "/usr/bin/chromium";
const impossible = whyNoContainers() ?? (existsSync(CHROMIUM) ? undefined : "the package chromium is missing");
if (impossible) console.warn(`nothing is looked at in a browser: ${impossible}`);
const BOOT_MS = 10 * 60_000;
const LONG_MS = 2 * 60_000;
/** What the site looks like. */
const PICTURES = join(__dirname, "..", "..", ".state", "browser");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const DOMAIN = "courses.example.org";
const SITE = `https://${DOMAIN}`;
const PHONE = { width: 360, height: 740 };

describe.skipIf(impossible)("in a browser", { timeout: LONG_MS }, () => {
  let gateway: GatewayHost;
  let browser: Browser;
  let statusUrl: string;
  const clients = new Clients(() => gateway);

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    gateway = await GatewayHost.boot("browser");
    await clients.prepare();
    const { container } = gateway.host;
    const authority = await CertificateAuthority.start(container, 60);
    await authority.setAddress(DOMAIN);
    await gateway.host.step("web-server", "rclone", { inputs: { SERVER_NAME: DOMAIN } });
    const { code, stdout, stderr } = await gateway.host.runStep(
      "certificate",
      {
        inputs: { DOMAIN, AUTHORITY: authority.directory, EMAIL: "" },
        files: { "trusted-root.pem": `${authority.trustedRoot}\n` },
      },
      "bash ./install.sh && bash ./verify.sh",
    );
    if (code !== 0) throw new Error(`${stdout}${stderr}`);
    // 127.0.0.1 is served without HTTPS; visitors come from elsewhere.
    const [http, https] = [await container.loopback.forward(80, "127.0.0.2"), await container.loopback.forward(443)];
    statusUrl = `http://127.0.0.1:${await container.loopback.forward(9150)}/`;
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        // Chromium does not run as root otherwise.
        "--no-sandbox",
        `--host-resolver-rules=MAP ${DOMAIN}:80 127.0.0.1:${http}, MAP ${DOMAIN}:443 127.0.0.1:${https}`,
        // Chromium trusts whatever this key has signed.
        `--ignore-certificate-errors-spki-list=${keyHash(await authority.intermediate())}`,
      ],
    });
  }, BOOT_MS);
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  }, LONG_MS);

  /** A page at a phone's size, and what it complains of. */
  async function visit(url: string): Promise<{ page: Page; complaints: string[]; status: number | undefined }> {
    const page = await browser.newPage({ viewport: PHONE });
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    const answer = await page.goto(url);
    return { page, complaints, status: answer?.status() };
  }

  /** What makes a page hard to use for some; its rules are WCAG's. */
  async function barriers(page: Page): Promise<string[]> {
    // Not by a script element: the pages' own policy lets none in.
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
      "axe.run()",
    );
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }

  const overflow = (page: Page) => page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");

  it("the start page lists the courses in Korean and English, on a phone", async () => {
    const { page, complaints, status } = await visit(`${SITE}/`);
    expect(status).toBe(200);
    expect(await page.getAttribute("html", "lang")).toBe("ko");
    expect(await page.locator("main li a").allTextContents()).toEqual(["pi", "py4inf"]);
    await page.screenshot({ path: join(PICTURES, "start-ko.png") });
    expect(await barriers(page)).toEqual([]);
    await page.getByRole("link", { name: "English" }).click();
    await page.waitForURL(`${SITE}/index.en.html`);
    expect(await page.getAttribute("html", "lang")).toBe("en");
    expect(await page.locator("main li").first().textContent()).toMatch(/Last update: \w+ \d+, 20\d\d/);
    await page.screenshot({ path: join(PICTURES, "start-en.png") });
    expect(await barriers(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.getByRole("link", { name: "한국어" }).click();
    await page.waitForURL(/index\.html$/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("its style is let in by the policy: the courses are a list without bullets", async () => {
    const { page } = await visit(`${SITE}/`);
    expect(await page.evaluate("getComputedStyle(document.querySelector('ul')).listStyleType")).toBe("none");
    await page.close();
  });

  it.each(["pi", "py4inf"])("course %s is one click away", async (course) => {
    const { page } = await visit(`${SITE}/`);
    await page.getByRole("link", { name: course, exact: true }).click();
    await page.waitForURL(`${SITE}/${course}/`);
    expect(await page.locator("h1").textContent()).toBe(course);
    await page.close();
  });

  it("HTTP leads to HTTPS", async () => {
    const { page, status } = await visit(`http://${DOMAIN}/pi/`);
    expect([status, page.url()]).toEqual([200, `${SITE}/pi/`]);
    await page.close();
  });

  it("a page that is not there says so, and leads back", async () => {
    const { page, status } = await visit(`${SITE}/nowhere`);
    expect(status).toBe(404);
    expect(await barriers(page)).toEqual([]);
    await page.screenshot({ path: join(PICTURES, "not-found.png") });
    await page.getByRole("link", { name: "강의 목록으로" }).click();
    await page.waitForURL(`${SITE}/index.html`);
    await page.close();
  });

  it("a reload shows what an author has just uploaded; its scripts run", async () => {
    const { page, complaints } = await visit(`${SITE}/pi/`);
    const html =
      "<!doctype html><title>new</title><h1>old</h1><script>document.querySelector('h1').textContent = 'new'</script>";
    await gateway.sh(`cat >/root/new.html <<'END'\n${html}\nEND`);
    expect(await clients.curl("--upload-file /root/new.html ftp://127.0.0.1/pi/index.html")).toMatchObject({ code: 0 });
    await gateway.host.container.until(10, "it is on the site", async () => {
      await page.reload();
      return (await page.locator("h1").textContent()) === "new";
    });
    expect(complaints.filter((text) => !text.includes("favicon"))).toEqual([]);
    await page.close();
  });

  it("a long page comes in the form that was made of it at publication", async () => {
    await gateway.sh("{ echo '<!doctype html><title>long</title>'; seq -f '<p>line %g</p>' 3000; } >/root/long.html");
    expect(await clients.curl("--upload-file /root/long.html ftp://127.0.0.1/pi/long.html")).toMatchObject({ code: 0 });
    const page = await browser.newPage();
    const headers = await gateway.host.container.until(10, "it is on the site", async () => {
      const answer = await page.goto(`${SITE}/pi/long.html`);
      return answer?.status() === 200 && (await answer.allHeaders());
    });
    expect(headers).toMatchObject({ "content-encoding": "br", "strict-transport-security": expect.any(String) });
    expect(Number(headers["content-length"])).toBeGreaterThan(0);
    expect(await page.locator("p").last().textContent()).toBe("line 3000");
    await page.close();
  });

  it("the status page tells operators of all that", async () => {
    const { page, complaints } = await visit(statusUrl);
    expect(await page.locator("tbody").first().locator("tr").count()).toBe(2);
    await page.locator("summary").first().click();
    expect(await page.locator("#pi tbody tr").count()).toBeGreaterThan(1);
    expect(await barriers(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.screenshot({ path: join(PICTURES, "status.png"), fullPage: true });
    expect(complaints.filter((text) => !text.includes("favicon"))).toEqual([]);
    await page.close();
  });
});

/** The hash of a certificate's key, as Chromium takes it. */
function keyHash(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

import { X509Certificate } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../gateway/certificateAuthority";
import { Clients } from "../gateway/clients";
import { GatewayHost } from "../gateway/gatewayHost";
import { barriers, openBrowser, openPage, whyNoBrowser } from "../support/browser";
import { namedCourses, publisherConfig } from "../support/courseHost";
import { whyNoContainers } from "../support/systemdContainer";

// A real browser on the real site: HTTPS with a certificate of a test authority, uploads by the real gateway.
const impossible = whyNoContainers() ?? whyNoBrowser();
if (impossible) console.warn(`nothing is looked at in a browser: ${impossible}`);
const BOOT_MS = 10 * 60_000;
const LONG_MS = 2 * 60_000;
/** What the site looks like. */
const PICTURES = join(__dirname, "..", "..", ".state", "browser");

const DOMAIN = "courses.example.org";
const SITE = `https://${DOMAIN}`;

describe.skipIf(impossible)("in a browser", { timeout: LONG_MS }, () => {
  let gateway: GatewayHost;
  let browser: Browser;
  let authority: CertificateAuthority;
  let statusUrl: string;
  const clients = new Clients(() => gateway);

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    gateway = await GatewayHost.boot("browser");
    await clients.prepare();
    const { container } = gateway.host;
    authority = await CertificateAuthority.start(container, 60);
    await authority.setAddress(DOMAIN);
    await gateway.host.step("web-server", "rclone", { inputs: { SERVER_NAME: DOMAIN } });
    await getCertificate();
    // 127.0.0.1 is served without HTTPS; visitors come from elsewhere.
    const [http, https] = [await container.loopback.forward(80, "127.0.0.2"), await container.loopback.forward(443)];
    statusUrl = `http://127.0.0.1:${await container.loopback.forward(9150)}/`;
    browser = await openBrowser(
      `MAP *${DOMAIN}:80 127.0.0.1:${http}, MAP *${DOMAIN}:443 127.0.0.1:${https}`,
      new X509Certificate(await authority.intermediate()).publicKey,
    );
  }, BOOT_MS);
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  }, LONG_MS);

  const visit = (url: string) => openPage(browser, url);
  async function getCertificate(COURSE_NAMES = ""): Promise<void> {
    const { code, stdout, stderr } = await gateway.host.runStep(
      "certificate",
      {
        inputs: { DOMAIN, COURSE_NAMES, AUTHORITY: authority.directory, EMAIL: "" },
        files: { "trusted-root.pem": `${authority.trustedRoot}\n` },
      },
      "bash ./install.sh && bash ./verify.sh",
    );
    if (code !== 0) throw new Error(`${stdout}${stderr}`);
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

  describe("where each course has a name of its own", () => {
    const courses = ["pi", "py4inf"];
    const nameOf = (course: string) => `${course}.${DOMAIN}`;

    beforeAll(async () => {
      for (const course of courses) await authority.setAddress(nameOf(course));
      const named = namedCourses(
        DOMAIN,
        courses.map((name) => ({ name, title: name })),
      );
      const { courses: listed, ...rest } = publisherConfig({ courses, pollSeconds: 0.5 });
      const config = {
        ...rest,
        startLink: `//${DOMAIN}/`,
        courses: listed.map((course) => ({ ...course, link: `//${nameOf(course.name)}/` })),
      };
      for (const { code, stderr } of [
        await gateway.host.step("publisher", "rclone", { files: { "config.json": JSON.stringify(config) } }),
        await gateway.host.step("web-server", "rclone", named),
      ])
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      await getCertificate(named.inputs?.COURSE_NAMES);
    }, LONG_MS);

    it.each(courses)("course %s is one click away, and the start page from what is not there", async (course) => {
      const { page } = await visit(`${SITE}/`);
      await page.getByRole("link", { name: course, exact: true }).click();
      await page.waitForURL(`https://${nameOf(course)}/`);
      expect(await page.locator("h1").count()).toBe(1);
      expect((await page.goto(`https://${nameOf(course)}/nowhere`))?.status()).toBe(404);
      expect(await page.evaluate("getComputedStyle(document.body).maxWidth")).not.toBe("none");
      await page.getByRole("link", { name: "강의 목록으로" }).click();
      await page.waitForURL(`${SITE}/index.html`);
      await page.close();
    });

    it("an old link leads there, from HTTP, too", async () => {
      const { page, status } = await visit(`http://${DOMAIN}/pi/?a=1`);
      expect([status, page.url()]).toEqual([200, `https://${nameOf("pi")}/?a=1`]);
      await page.close();
    });
  });
});

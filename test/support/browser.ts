import { createHash, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
const PHONE = { width: 360, height: 740 };
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Why there is no browser; undefined if there is one. */
export const whyNoBrowser = () => (existsSync(CHROMIUM) ? undefined : "the package chromium is missing");

/**
 * Starts Chromium.
 * @param rules where it finds the site, as its option `--host-resolver-rules` takes them
 * @param trusted it trusts whatever this key has signed, or has
 */
export async function openBrowser(rules: string, trusted: KeyObject): Promise<Browser> {
  const hash = createHash("sha256")
    .update(trusted.export({ type: "spki", format: "der" }))
    .digest("base64");
  return await chromium.launch({
    executablePath: CHROMIUM,
    // Chromium does not run as root with its sandbox.
    args: ["--no-sandbox", `--host-resolver-rules=${rules}`, `--ignore-certificate-errors-spki-list=${hash}`],
  });
}

/** A page at a phone's size, and what it complains of. */
export async function openPage(
  browser: Browser,
  url: string,
): Promise<{ page: Page; complaints: string[]; status: number | undefined }> {
  const page = await browser.newPage({ viewport: PHONE });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} ${message.location().url}`);
  });
  const answer = await page.goto(url);
  return { page, complaints, status: answer?.status() };
}

/** What makes a page hard to use for some; its rules are WCAG's. */
export async function barriers(page: Page): Promise<string[]> {
  // Not by a script element: the pages' own policy lets none in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

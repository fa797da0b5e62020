import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Pages } from "./author";
import { get, urlOf } from "./browser";
import { type FaultHost, SLOWNESS } from "./faultHost";

const ENTRIES = 10_050;
const OVERWRITES = 1_000;
/** For what takes minutes on an idle machine. */
const LONG_MS = 8 * 60_000 * SLOWNESS;
/** The store hands out some hundred files a second at best. */
const ENTRIES_SECONDS = 180;

/** What authors do, in a course each. */
export function authorCases(
  host: () => FaultHost,
  courses: { large: string; rapid: string; again: string; shrinking: string; emptied: string },
): void {
  const statusOf = async (course: string, name: string) => (await get(host().site, urlOf(course, name))).status;
  const textOf = async (course: string, name: string) => `${(await get(host().site, urlOf(course, name))).body}`;
  /** Measures from now until all of the course is published. */
  const measure = async (fault: string, course: string, limit: number, servedBefore: number) => {
    const published = await host().untilPublished(performance.now(), [course], limit * SLOWNESS);
    host().record({ fault, served: host().visitor.served - servedBefore, published, limit });
  };

  describe.concurrent("authors, all at once,", () => {
    it("overwrite one object 1,000 times", { timeout: LONG_MS }, async () => {
      const { author, visitor } = host();
      const servedBefore = visitor.served;
      visitor.expect(courses.rapid, ["index.html"]);
      for (let i = 0; i < OVERWRITES; i++) await author.put(courses.rapid, "index.html", `version ${i} of many\n`);
      await measure(`${OVERWRITES} overwrites of one object`, courses.rapid, 5, servedBefore);
    });

    it("delete a page and store it again", async () => {
      const { author, visitor } = host();
      const servedBefore = visitor.served;
      const course = courses.again;
      const name = "unit-1/page-1.html";
      const text = "<p>again</p>\n";
      visitor.forget(course, name);
      await author.delete(course, name);
      await author.put(course, name, text);
      await measure("deleted and stored again at once", course, 5, servedBefore);
      visitor.forget(course, name);
      await author.delete(course, name);
      await host().until("the page is gone", async () => (await statusOf(course, name)) === 404);
      await author.put(course, name, text);
      await measure("deleted, and later stored again", course, 5, servedBefore);
    });

    it("lose a course slowly: the deletions are held once they are too many", { timeout: LONG_MS }, async () => {
      const { author, visitor } = host();
      const course = courses.shrinking;
      const servedBefore = visitor.served;
      // The limit is more than half of the course and more than 20.
      const stored = await author.list(course);
      const spare = Object.fromEntries(
        Array.from({ length: 40 - stored.size }, (_, i) => [`spare/${i}.html`, `spare ${i}\n`]),
      );
      await author.putAll(course, spare);
      await measure("40 pages", course, 5, servedBefore);
      const names = [...(await author.list(course)).keys()];
      const deleted = names.slice(0, 25);
      const mustStay = names.slice(20, 25);
      for (const name of deleted) {
        if (!mustStay.includes(name)) visitor.forget(course, name);
        await author.delete(course, name);
        await sleep(1_000);
      }
      // 20 may go; where the publisher sees several at once, it may be some less.
      const held = async () => (await host().filesOf(course)).filter((name) => deleted.includes(name));
      await host().until("the others are held", async () => {
        const { heldDeletions } = await host().statusOf(course);
        return heldDeletions >= mustStay.length && heldDeletions === (await held()).length;
      });
      expect(await held()).toEqual(expect.arrayContaining(mustStay));
      for (const name of mustStay) expect(await statusOf(course, name)).toBe(200);

      await release(course, mustStay);
      await measure("slow mass deletion, approved", course, 5, servedBefore);
    });

    it("delete all of a course: what is left on the site is held", async () => {
      const { author, visitor } = host();
      const course = courses.emptied;
      const servedBefore = visitor.served;
      const names = [...(await author.list(course)).keys()];
      for (const name of names) visitor.forget(course, name);
      for (const name of names) await author.delete(course, name);
      // Where the deletions come in slowly, the first ones pass.
      await host().until("deletions are held", async () => {
        const { heldDeletions, files } = await host().statusOf(course);
        return heldDeletions > 0 && heldDeletions === files && (await author.list(course)).size === 0;
      });
      const { files } = await host().statusOf(course);
      expect(await host().filesOf(course)).toHaveLength(files);
      await release(course, []);
      await measure("all of a course deleted, approved", course, 5, servedBefore);
    });
  });

  // By itself: it takes all that the store can give.
  it("an author stores over 10,000 entries in one folder", { timeout: LONG_MS }, async () => {
    const { author, visitor } = host();
    const course = courses.large;
    const servedBefore = visitor.served;
    const pages: Pages = {};
    for (let i = 0; i < ENTRIES; i++) pages[`all/${String(i).padStart(5, "0")}.html`] = `entry ${i}\n`;
    await author.putAll(course, pages);
    await measure(`${ENTRIES} entries in a folder`, course, ENTRIES_SECONDS, servedBefore);

    visitor.forget(course, "all/00007.html");
    await author.delete(course, "all/00007.html");
    await author.put(course, "all/05000.html", "entry 5O00\n");
    await author.put(course, "all/99999.html", "one more\n");
    const changedAt = performance.now();
    // Looked for by themselves: to compare all of it takes seconds.
    await host().until("the changes are published", async () => {
      if ((await statusOf(course, "all/00007.html")) !== 404) return false;
      if ((await textOf(course, "all/05000.html")) !== "entry 5O00\n") return false;
      return (await textOf(course, "all/99999.html")) === "one more\n";
    });
    const published = (performance.now() - changedAt) / 1000;
    const served = visitor.served - servedBefore;
    host().record({ fault: "… one deleted, one overwritten, one new", served, published, limit: 5 });
    expect(await host().differences([course])).toEqual([]);
  });

  /** Lets deletions pass that are held. */
  async function release(course: string, names: string[]): Promise<void> {
    for (const name of names) host().visitor.forget(course, name);
    await host().sh(`site-publisher approve ${course}`);
  }
}

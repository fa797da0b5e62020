import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DeletionRun, judge, type Verdict } from "../../provisioning/publisher/src/guard";
import { SwiftDouble } from "../support/swiftDouble";
import { Site, until, untilServed } from "./site";

const rule = { percent: 50, files: 20, windowSeconds: 600 };

function names(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `f${from + i}`);
}

function verdict(
  deleted: string[],
  published: number,
  more: { run?: DeletionRun | undefined; at?: number; approved?: string[] } = {},
): Verdict {
  const deletions = {
    names: deleted,
    published,
    leavesNothing: deleted.length === published,
    approved: new Set(more.approved),
  };
  return judge(rule, deletions, more.run, more.at ?? 0);
}

describe("judge", () => {
  test.each([
    { deleted: 1, published: 100, held: false },
    { deleted: 20, published: 25, held: false }, // over half, but not over 20
    { deleted: 21, published: 42, held: false }, // over 20, but not over half
    { deleted: 21, published: 41, held: true },
    { deleted: 5, published: 5, held: true }, // nothing would be left
    { deleted: 0, published: 5, held: false },
  ])("$deleted of $published: held is $held", ({ deleted, published, held }) => {
    const result = verdict(names(deleted), published);
    expect(result.held).toHaveLength(held ? deleted : 0);
    expect(result.apply).toHaveLength(held ? 0 : deleted);
  });

  /** Deletes one file at a time. @returns how many files are left on the site in the end */
  function slowly(files: number, everySeconds: number): number {
    let run: DeletionRun | undefined;
    let left = files;
    for (let i = 0; i < files; i++) {
      // Whatever is held stays among the deletions of the next listing.
      const result = verdict(names(files - i > 0 ? left - (files - i - 1) : left), left, {
        run,
        at: i * everySeconds * 1000,
      });
      run = result.run;
      left -= result.apply.length;
    }
    return left;
  }

  test("a slow loss is caught, however slow and however large the course", () => {
    expect(slowly(300, 1)).toBe(150);
    expect(slowly(5_000, 10)).toBe(2_500);
    expect(slowly(300, 599)).toBe(150);
  });

  test("deletions further apart than the window are not counted together", () => {
    const first = verdict(names(15), 40);
    expect(verdict(names(15), 25, { run: first.run, at: 500_000 }).held).toHaveLength(15);
    expect(verdict(names(15), 25, { run: first.run, at: 700_000 }).held).toHaveLength(0);
  });

  test("what is held is not let go by time, but by approval, or when it comes back", () => {
    const held = verdict(names(30), 40);
    const later = verdict(names(30), 40, { run: held.run, at: 10_000_000 });
    expect(later.held).toHaveLength(30);
    expect(verdict(names(30), 40, { run: later.run, approved: names(30) })).toEqual({
      apply: names(30),
      held: [],
      run: undefined,
    });
    expect(verdict(names(3), 40, { run: later.run }).apply).toHaveLength(3);
    expect(verdict([], 40, { run: later.run })).toMatchObject({ apply: [], held: [] });
  });

  test("an approval is for what was held when it was given", () => {
    const held = verdict(names(50), 80);
    const more = verdict(names(75), 80, { run: held.run, approved: names(50) });
    expect(more.apply).toEqual(names(50));
    expect(more.held).toEqual(names(25, 50));
  });

  test("without approval no run of deletions takes more from a course than the rule allows", () => {
    const steps = fc.array(
      fc.record({
        loss: fc.integer({ min: 0, max: 40 }),
        gain: fc.integer({ min: 0, max: 10 }),
        seconds: fc.integer({ min: 0, max: 600 }),
      }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), steps, (start, sequence) => {
        let run: DeletionRun | undefined;
        let published = start;
        let missing = 0;
        let peak = start;
        let deleted = 0;
        let at = 0;
        let lastAt = 0;
        for (const { loss, gain, seconds } of sequence) {
          at += seconds * 1000;
          if (missing === 0 && at - lastAt > rule.windowSeconds * 1000) {
            deleted = 0;
            peak = published;
          }
          if (loss > 0) lastAt = at;
          missing = Math.min(published, missing + loss);
          const result = verdict(names(missing), published, { run, at });
          run = result.run;
          deleted += result.apply.length;
          published += gain - result.apply.length;
          missing = result.held.length;
          peak = Math.max(peak, published);
          expect(deleted <= rule.files || deleted <= peak / 2).toBe(true);
          expect(result.apply.length + result.held.length).toBe(new Set([...result.apply, ...result.held]).size);
        }
      }),
    );
  });
});

describe("on the site", () => {
  test("a mass deletion is held over a restart, other changes are published, approval ends it", async () => {
    const store = await new SwiftDouble().start();
    const site = new Site(store.credentials);
    try {
      const all = Object.fromEntries(names(30).map((name) => [name, name]));
      for (const name of names(30)) store.put("course", name, name);
      site.start();
      await untilServed(site, all);

      for (const name of names(25)) store.delete("course", name);
      store.put("course", "new", "new");
      await untilServed(site, { ...all, new: "new" });
      expect(await site.courseStatus()).toMatchObject({ state: "current", heldDeletions: 25, files: 31 });

      await site.kill();
      site.start();
      await until(
        () => site.courseStatus(),
        ({ heldDeletions }) => heldDeletions === 25,
      );
      expect(await site.run("status")).toContain("site-publisher approve course");
      // Some come back: fewer are held, but not so few that the rest may go.
      store.put("course", "f0", "f0");
      await until(
        () => site.courseStatus(),
        ({ heldDeletions }) => heldDeletions === 24,
      );
      expect(site.served()).toEqual({ ...all, new: "new" });

      expect(await site.run("approve", "course")).toBe("course: 24 files are deleted from the site\n");
      await untilServed(site, {
        ...Object.fromEntries(names(5, 25).map((name) => [name, name])),
        f0: "f0",
        new: "new",
      });
      expect(await site.run("approve", "course")).toBe("course: nothing is held\n");
      await expect(site.run("approve", "cours")).rejects.toThrow("no course cours; there are: course");
    } finally {
      await site.remove();
      await store.stop();
    }
  });

  test("objects that come back end the hold", async () => {
    const store = await new SwiftDouble().start();
    const site = new Site(store.credentials);
    try {
      store.put("course", "a", "a");
      store.put("course", "b", "b");
      site.start();
      await untilServed(site, { a: "a", b: "b" });
      store.delete("course", "a");
      store.delete("course", "b");
      await until(
        () => site.courseStatus(),
        ({ heldDeletions }) => heldDeletions === 2,
      );
      store.put("course", "a", "A");
      await untilServed(site, { a: "A" });
      expect((await site.courseStatus()).heldDeletions).toBe(0);
    } finally {
      await site.remove();
      await store.stop();
    }
  });

  test("a held file gives way where its name becomes a folder", async () => {
    const store = await new SwiftDouble().start();
    const site = new Site(store.credentials);
    try {
      store.put("course", "a", "a");
      site.start();
      await untilServed(site, { a: "a" });
      store.delete("course", "a");
      await until(
        () => site.courseStatus(),
        ({ heldDeletions }) => heldDeletions === 1,
      );
      store.put("course", "a/b", "b");
      await untilServed(site, { "a/b": "b" });
    } finally {
      await site.remove();
      await store.stop();
    }
  });
});

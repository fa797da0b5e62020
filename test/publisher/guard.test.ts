import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTIED_MARKER, type FileVersion } from "../../provisioning/publisher/src/files";
import { type DeletionRun, judge, type Verdict } from "../../provisioning/publisher/src/guard";
import { SwiftDouble } from "../support/swiftDouble";
import { Site, until, untilServed } from "./site";

const rule = { percent: 50, files: 20, windowSeconds: 600 };

function names(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `f${from + i}`);
}

function versions(names: string[]): FileVersion[] {
  return names.map((name) => ({ name, hash: name, bytes: 1, lastModified: "2026-01-01T00:00:00.000000" }));
}

function verdict(
  deleted: string[],
  published: number,
  more: { run?: DeletionRun | undefined; at?: number; approved?: string[] } = {},
): Verdict {
  const deletions = {
    versions: versions(deleted),
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

  /** Deletes one file at a time. @returns how many files are left on the site, at least and in the end */
  function slowly(files: number, everySeconds: number): { least: number; end: number } {
    let run: DeletionRun | undefined;
    const site = new Set(names(files));
    let least = files;
    for (let i = 0; i < files; i++) {
      // Whatever is held stays among the deletions of the next listing.
      const deleted = names(i + 1).filter((name) => site.has(name));
      const result = verdict(deleted, site.size, { run, at: i * everySeconds * 1000 });
      run = result.run;
      for (const name of result.apply) site.delete(name);
      for (const { name } of result.restore) site.add(name);
      least = Math.min(least, site.size);
    }
    return { least, end: site.size };
  }

  test("a slow loss is caught and undone, however slow and however large the course", () => {
    expect(slowly(300, 1)).toEqual({ least: 150, end: 300 });
    expect(slowly(2_000, 10)).toEqual({ least: 1_000, end: 2_000 });
    expect(slowly(300, 599)).toEqual({ least: 150, end: 300 });
  });

  test("deletions further apart than the window are not counted together", () => {
    const first = verdict(names(15), 40);
    const others = names(15, 15);
    expect(verdict(others, 25, { run: first.run, at: 500_000 })).toMatchObject({
      held: names(30),
      restore: versions(names(15)),
    });
    expect(verdict(others, 25, { run: first.run, at: 700_000 }).held).toHaveLength(0);
  });

  test("what is held is not let go by time, but by approval, or when it comes back", () => {
    const held = verdict(names(30), 40);
    const later = verdict(names(30), 40, { run: held.run, at: 10_000_000 });
    expect(later.held).toHaveLength(30);
    expect(verdict(names(30), 40, { run: later.run, approved: names(30) })).toEqual({
      apply: names(30),
      held: [],
      restore: [],
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
        let next = start;
        const site = new Set(names(start));
        const store = new Set(site);
        let peak = start;
        let at = 0;
        let lastAt = 0;
        for (const { loss, gain, seconds } of sequence) {
          at += seconds * 1000;
          for (const name of [...store].slice(0, loss)) store.delete(name);
          const deleted = [...site].filter((name) => !store.has(name));
          if (deleted.length === 0 && at - lastAt > rule.windowSeconds * 1000) peak = site.size;
          const result = verdict(deleted, site.size, { run, at });
          if (loss > 0) lastAt = at;
          run = result.run;
          for (const name of result.apply) site.delete(name);
          for (const { name } of result.restore) site.add(name);
          const gone = run?.gone.length ?? 0;
          peak = Math.max(peak, site.size, run?.size ?? 0);
          expect(gone <= rule.files || gone <= peak / 2).toBe(true);
          expect([...result.apply, ...result.held].sort()).toEqual(
            [...new Set([...deleted, ...result.restore.map(({ name }) => name)])].sort(),
          );
          for (const name of names(gain, next)) {
            site.add(name);
            store.add(name);
          }
          next += gain;
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

  test("deleted one by one, all files are back as soon as that is more than the rule allows", async () => {
    const store = await new SwiftDouble().start();
    const site = new Site(store.credentials);
    try {
      const all = Object.fromEntries(names(30).map((name) => [name, name]));
      for (const name of names(30)) store.put("course", name, name);
      site.start();
      await untilServed(site, all);
      for (let i = 0; i < 10; i++) {
        for (const name of names(2, 2 * i)) store.delete("course", name);
        await until(
          () => site.served(),
          (served) => !(`f${2 * i}` in served),
        );
        // What is gone may be needed after a restart, too.
        if (i === 5) {
          await site.kill();
          site.start();
        }
      }
      store.delete("course", "f20");
      await untilServed(site, all);
      expect(await site.courseStatus()).toMatchObject({ heldDeletions: 21 });
      expect(store.reads).toHaveLength(30);
      await site.run("approve", "course");
      await untilServed(site, Object.fromEntries(names(9, 21).map((name) => [name, name])));
      expect(fs.readdirSync(path.join(site.releasesDir, "course", ".quarantine"))).toEqual([]);
    } finally {
      await site.remove();
      await store.stop();
    }
  });

  test("a course is emptied where a marker says that it is meant, and not where that is old", async () => {
    const store = await new SwiftDouble().start();
    const site = new Site(store.credentials, { massDeletion: { ...rule, windowSeconds: 2 } });
    try {
      store.put("course", EMPTIED_MARKER, "");
      for (const name of names(3)) store.put("course", name, name);
      site.start();
      const all = { f0: "f0", f1: "f1", f2: "f2" };
      await untilServed(site, all);
      await sleep(2_100);
      for (const name of names(3)) store.delete("course", name);
      await until(
        () => site.courseStatus(),
        ({ heldDeletions }) => heldDeletions === 3,
      );
      expect(site.served()).toEqual(all);
      store.put("course", EMPTIED_MARKER, "");
      await untilServed(site, {});
      expect(await site.courseStatus()).toMatchObject({ state: "current", files: 0, skipped: [] });
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

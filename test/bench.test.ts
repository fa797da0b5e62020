import { describe, expect, it } from "vitest";
import type { Measured } from "../bench/measure";
import { plotSvg } from "../bench/plot";
import { percentile, type Report, type Row, reportText, table } from "../bench/report";

const costs = { requests: 4, bytes: 2e6, cpuSeconds: 0.5, mountCpuSeconds: 0.5 };

function row(name: string, latenciesMs: (number | null)[], more: Partial<Row & Measured> = {}): Row {
  const { own, outages, problem } = more;
  const seen = latenciesMs.some((ms) => ms !== null);
  const measured = {
    latenciesMs,
    limitSeconds: 60,
    perChange: seen ? costs : null,
    perIdleMinute: costs,
    ...(own && { own }),
  };
  return { name, title: `<${name}>`, measured, ...(outages && { outages }), ...(problem && { problem }) };
}

const report: Report = {
  at: "2026-01-01T00:00:00.000Z",
  machine: { cores: 2, model: "a model", memoryBytes: 1e9, kernel: "6", node: "v20", load: 0.5 },
  driver: "cloudfuse",
  idleSeconds: 20,
  sizes: [
    {
      objects: 10_000,
      firstPublicationMs: 12_345,
      rows: [
        row("publisher", [500, 400, 600], { own: { publicationsMs: [30, 50, 40], peakMemoryBytes: [80e6, 40e6] } }),
        row("slow", [5_000, 4_000, 60_000], {
          outages: [{ fault: "answers 503", lost: 7, files: 300, healedSeconds: null, running: false }],
        }),
        row("blind", [null, null]),
        { name: "broken", title: "<broken>", problem: "not installed" },
      ],
    },
  ],
};

describe("percentile", () => {
  it("takes the smallest value that the share of the values does not exceed", () => {
    expect(percentile([3, 1, 2, 4], 0.5)).toBe(2);
    expect(percentile([3, 1, 2, 4], 0.95)).toBe(4);
  });
  it("takes what was never reached for the largest", () => {
    expect(percentile([1, null, 2], 0.5)).toBe(2);
    expect(percentile([1, null], 0.95)).toBeNull();
    expect(percentile([], 0.5)).toBeNull();
  });
});

describe("the report", () => {
  const lines = reportText(report).split("\n");
  const about = (title: string) => lines.filter((line) => line.startsWith(title));

  it("sets each contender in relation to this publisher", () => {
    expect(lines).toContain("10,000 objects; the first publication took 12.3 s");
    expect(about("<publisher>")[0]).toMatch(/0\.50 s \(1\.0\) .* 0\.60 s \(1\.0\) .* 0\.04 s +80\.0 MB \+ 40\.0 MB$/);
    expect(about("<slow>")[0]).toMatch(/5\.00 s \(10\) +60\.0 s \(100\) +60\.0 s \(100\)$/);
    expect(about("<slow>")[1]).toMatch(/4\.0 \(1\.0\) +2\.0 MB \(1\.0\) +1\.00 \(1\.0\) +0\.50$/);
  });

  it("says what was never served, lost, or could not run", () => {
    expect(about("<blind>")[0]).toMatch(/never \(> 60 s\) +never \(> 60 s\)/);
    expect(about("<blind>")[1]).toMatch(/never served$/);
    expect(lines.some((line) => line.endsWith("7 of 300, not healed, ended"))).toBe(true);
    expect(about("<broken>").at(-1)).toBe("<broken>: not installed");
  });
});

describe("a table", () => {
  it("is as wide as its cells", () => {
    expect(
      table(
        ["", "a"],
        [
          ["long name", "1"],
          ["x", "22"],
        ],
      ),
    ).toBe("             a\nlong name    1\nx           22");
  });
});

describe("the plot", () => {
  const svg = plotSvg(report);

  it("has a dot for p50 and p95 of each that was seen, on a scale in powers of ten", () => {
    const scale = [...svg.matchAll(/<text class="quiet" x="([\d.]+)" y="\d+" text-anchor="middle">([\d.]+) s</g)];
    expect(scale.map(([, , tick]) => Number(tick))).toEqual([0.1, 1, 10, 100]);
    const [first = 0, second = 0] = scale.map(([, x]) => Number(x));
    const dots = [...svg.matchAll(/<circle class="([\w ]+)" cx="([\d.]+)" cy="[\d.]+" r="5"\/>(?!<text)/g)];
    expect(dots.map(([, kind]) => kind)).toEqual(["own", "hollow own", "other", "hollow other"]);
    expect(Number(dots[0]?.[2])).toBeCloseTo(first + Math.log10(5) * (second - first), 1);
  });

  it("says what has no dot, and is well-formed whatever the names", () => {
    expect(svg).toContain("never (&gt; 60 s)");
    expect(svg).toContain(">failed<");
    expect(svg).toContain("&lt;blind&gt;");
    expect(svg).not.toContain("<blind>");
  });
});

/** A line of the table that the matrix prints at its end. */
export interface Measured {
  fault: string;
  /** Answers that the visitor had while it lasted. */
  served: number;
  /** Seconds until the site was what the store has, from the healing or, where publishing goes on all the same, from the change. */
  published: number;
  /** The most that these may be. */
  limit: number;
}

/** The table in text. */
export function tableOf(rows: Measured[]): string {
  const head = ["fault", "served", "published after", "limit"];
  const cells = rows.map(({ fault, served, published, limit }) => [
    fault,
    `${served}`,
    `${published.toFixed(1)} s`,
    `${limit} s`,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((row) => row[i]?.length ?? 0)));
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [head, ...cells].map(line).join("\n");
}

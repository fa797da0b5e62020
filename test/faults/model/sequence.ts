import fc from "fast-check";
import type { WayFault } from "../../support/faultyStore";

/** How the new content's length relates to that before. */
export type Size = "same" | "other" | "zero";

/** Requests that a fault strikes; sign-ins are among "any". */
export type Struck = "any" | "listing" | "object";

/** One thing that an author, an operator, the store or the power does. */
export type Operation =
  | { do: "put"; name: string; size: Size; announced: boolean }
  | { do: "put large"; name: string }
  | { do: "put at once"; names: string[]; announced: boolean }
  | { do: "overwrite rapidly"; name: string; times: number }
  | { do: "delete"; name: string }
  | { do: "delete and put"; name: string }
  | { do: "announce"; name: string }
  | { do: "fault"; fault: WayFault; of: Struck; oneIn: number }
  | { do: "heal" }
  | { do: "kill"; downMs: number }
  | { do: "publish" | "rollback" | "pin" | "unpin" };

/** How a course is configured. */
export interface Kind {
  settleSeconds: number;
  /** The course's folder in the container. */
  source: string;
}

export interface Sequence {
  kind: Kind;
  /** How late the store's listings come: those that take long are made less often, and announced objects go ahead of them. */
  lateMs: number;
  steps: { operation: Operation; pauseMs: number }[];
}

export const KINDS: readonly Kind[] = [
  { settleSeconds: 0, source: "" },
  { settleSeconds: 0.1, source: "강의 html" },
  { settleSeconds: 0.2, source: "" },
];

/** Stored before the first step, and never touched; they lie in the same folders as what is. */
export const UNTOUCHED = ["장/고정.html", "장/고정.html".normalize("NFD"), "깊은/곳/stay.css"];

const NAMES = [
  "a",
  "a/b",
  "a/b/c",
  "a.html",
  "장/그림.png",
  "장/그림.png".normalize("NFD"),
  "장/쪽.html".normalize("NFD"),
  "깊은/곳/에 있는/파일 하나.html",
  'sp ace & %?#"<>.html',
  // Can't be published.
  "a//b",
];

const name = fc.constantFrom(...NAMES);
const isAnnounced = fc.boolean();
const struck = fc.constantFrom<Struck[]>("any", "listing", "object");
const fault = fc.constantFrom<WayFault[]>(503, 404, 401, 204, "html", "reset", "truncate", { delayMs: 700 });

// A kill is rare, for each one costs a start.
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      name,
      size: fc.constantFrom<Size[]>("same", "other", "zero"),
      announced: isAnnounced,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("put large" as const), name }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put at once" as const),
      names: fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
      announced: isAnnounced,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("overwrite rapidly" as const),
      name,
      times: fc.integer({ min: 2, max: 5 }),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("delete and put" as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("announce" as const), name }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      fault,
      of: struck,
      oneIn: fc.constantFrom(1, 2, 4),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("heal" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), downMs: fc.nat({ max: 100 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom<("publish" | "rollback" | "pin" | "unpin")[]>("publish", "rollback", "pin", "unpin"),
    }),
  },
);

export const sequences: fc.Arbitrary<Sequence> = fc.record({
  kind: fc.constantFrom(...KINDS),
  // From 200 ms on the publisher takes listings for expensive.
  lateMs: fc.constantFrom(0, 0, 0, 250),
  steps: fc.array(fc.record({ operation, pauseMs: fc.nat({ max: 120 }) }), { minLength: 5, maxLength: 12 }),
});

import * as z from "zod";
import { closest } from "./closest";

/** An object whose unknown keys are refused with the known ones named. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") {
        const hints = issue.keys.map((key) => {
          const near = closest(key, known);
          return near ? `"${key}" (did you mean "${near}"?)` : `"${key}"`;
        });
        return `unknown key ${hints.join(", ")}; allowed keys: ${known.join(", ")}`;
      }
      if (issue.code === "invalid_type") return `must be an object with the keys ${known.join(", ")}`;
      return undefined;
    },
  });
}

/** What kind of value a key takes, in words for who writes YAML. */
const KINDS: Record<string, string> = {
  string: "a text: put it in quotes",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "keys with values",
  record: "keys with values",
};

/** Zod's messages for a value that is not there or of another kind, where a key has none of its own. */
export function inPlainWords({ code, expected, input }: Issue): string | undefined {
  if (code !== "invalid_type") return undefined;
  return input === undefined ? "is missing" : `must be ${KINDS[String(expected)] ?? expected}`;
}

/** What Zod tells of a value that it refuses, as far as messages need it. */
interface Issue {
  code?: string | undefined;
  expected?: unknown;
  input?: unknown;
}

/** A message that tells what to give where nothing, or something of another kind, was given. */
export const needed = (what: string) => ({
  error: (issue: Issue) => `${inPlainWords(issue) ?? "is wrong"}: give ${what}`,
});

export const text = (what: string) => z.string(needed(what)).trim().min(1, `is empty: give ${what}`);

export const httpUrl = (what: string) =>
  text(what).refine((value) => /^https?:\/\/[^/\s]+/.test(value) && URL.canParse(value), {
    error: `must be an http:// or https:// URL: ${what}`,
  });

export const httpsUrl = (what: string) =>
  httpUrl(what).refine((value) => value.startsWith("https://"), { error: `must be an https:// URL: ${what}` });

export const cidr = z.cidrv4("must be an IPv4 network such as 203.0.113.0/24 (0.0.0.0/0 for everywhere)");

export const port = z.int("must be a port number").min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535");

/** A relative path of plain segments: no empty, hidden or dot segments, so it can never leave the folder it is put in. */
export const safePath = (what: string) =>
  z
    .string()
    .refine(
      (value) =>
        value.split("/").every((part) => /^[\p{L}\p{N}_][\p{L}\p{N}._ -]*$/u.test(part)) && value.length <= 255,
      {
        error: `must be ${what}: a relative path without "..", empty or hidden segments`,
      },
    );

/** A name between two dots of the DNS. */
export const dnsLabel = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be lower-case letters, digits and, not at its ends, hyphens: at most 63",
  );

/** A port, or 0 for none. */
export const portOrNone = z
  .int("must be a port number, or 0")
  .min(0, "must be a port number, or 0")
  .max(65_535, "must be a port number, or 0");

export const domainName = (what: string) =>
  z
    .string(needed(what))
    .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, `must be ${what}, in lower case, without a dot at its end`);

export const containerName = z.string().regex(/^[^/\s]{1,255}$/, "must be a container name without slashes or spaces");

/** The values that are there more than once. */
export function repeated(values: string[]): Set<string> {
  return new Set(values.filter((value, index) => values.indexOf(value) !== index));
}

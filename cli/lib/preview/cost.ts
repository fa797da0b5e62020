import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { section } from "../../../config/fields";
import { UserError } from "../errors";
import { ROOT } from "../paths";
import type { ResourceState } from "./digest";

/** An hour's price is paid so many times a month: 365 days of 24 hours in 12 months. */
const HOURS_A_MONTH = 730;

const price = z.number("must be a number").min(0, "must be 0 or more");

const priceBook = section({
  /** Currency of all prices, for example USD. */
  currency: z.string("is missing: give the currency of the prices").min(1, "is empty: give the currency of the prices"),
  /** Price of a server an hour, by flavor. */
  flavorHour: z.record(z.string(), price, "must be a list of FLAVOR: PRICE").default({}),
  /** Price of a floating IP an hour. */
  floatingIpHour: price.optional(),
  /** Price of a load balancer an hour. */
  loadBalancerHour: price.optional(),
  /** Price of a GB in the object store a month. */
  storedGbMonth: price.optional(),
  /** GB that the containers hold together: a preview does not know it. */
  storedGb: price.optional(),
});

/** What a region's provider asks. */
export type PriceBook = z.output<typeof priceBook>;

/** What a month costs, as far as the price book says. */
export interface Estimate {
  /** In the price book's currency. */
  total: number;
  /** What has no price in the book, in words. */
  unpriced: string[];
}

/**
 * Reads the price book of a region.
 * @param folder Default: `prices/`.
 * @returns undefined where there is none
 * @throws UserError naming the file and its problems
 */
export function readPriceBook(region: string, folder = join(ROOT, "prices")): PriceBook | undefined {
  const file = join(folder, `${region}.yaml`);
  if (!existsSync(file)) return undefined;
  const result = priceBook.safeParse(yaml(file));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `  - ${[...path, message].join(" ")}`);
  throw new UserError([`${file} is no price book:`, ...problems, "See docs/pull-requests.md."].join("\n"));
}

function yaml(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`${file} is no YAML: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** What these resources cost a month. */
export function estimate(resources: ResourceState[], book: PriceBook): Estimate {
  const unpriced = new Set<string>();
  const priced = (amount: number | undefined, what: string): number => {
    if (amount === undefined) unpriced.add(what);
    return amount ?? 0;
  };
  let hour = 0;
  for (const { type, inputs } of resources) {
    if (type === "openstack:compute/instance:Instance") {
      const flavor = String(inputs?.flavorName);
      hour += priced(book.flavorHour[flavor], `flavor ${flavor}`);
    } else if (type === "openstack:networking/floatingIp:FloatingIp") {
      hour += priced(book.floatingIpHour, "floating IP");
    } else if (type === "openstack:loadbalancer/loadBalancer:LoadBalancer") {
      hour += priced(book.loadBalancerHour, "load balancer");
    }
  }
  const storesContent = resources.some(({ type }) => type === "openstack:objectstorage/container:Container");
  const { storedGb, storedGbMonth } = book;
  const stored = storedGb !== undefined && storedGbMonth !== undefined ? storedGb * storedGbMonth : undefined;
  return {
    total: hour * HOURS_A_MONTH + (storesContent ? priced(stored, "stored GB") : 0),
    unpriced: [...unpriced],
  };
}

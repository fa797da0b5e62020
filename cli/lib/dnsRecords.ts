import { resolve4 } from "node:dns/promises";
import type { DnsRecord } from "../../components/siteNames";
import { isDevName, resolveDevName } from "./devNames";

/** The record as a zone file has it. */
export function recordText({ name, type, value }: DnsRecord): string {
  return `${name}. ${type} ${value}`;
}

/**
 * What is wrong with a record in the DNS, as this machine sees it, and the remedy; undefined where nothing is.
 * @param keeper the stack that keeps the record, and the zone it keeps it in; undefined where people do
 */
export async function domainProblem(
  record: DnsRecord,
  keeper: { stack: string; zone: string } | undefined,
  resolve: (name: string) => Promise<string[]> = isDevName(record.name) ? resolveDevName : resolve4,
): Promise<string | undefined> {
  const { name, value } = record;
  const remedy = keeper
    ? `npm run pulumi -- up --refresh --stack ${keeper.stack} creates the record "${recordText(record)}" anew; if it is there, look where the domain is registered: the zone ${keeper.zone} must be led to the cloud's name servers`
    : `create the record "${recordText(record)}" where the domain is registered`;
  try {
    const found = await resolve(name);
    return found.includes(value) ? undefined : `${name} leads to ${found.join(", ")} instead of ${value}: ${remedy}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND" || code === "ENODATA") return `${name} leads nowhere: ${remedy}`;
    return `${name} could not be looked up (${code}): try again`;
  }
}

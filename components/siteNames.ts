import type { Course, StackConfig } from "../config/schema";

/** What the site is called, and whether its courses have names of their own. */
export type Naming = Pick<StackConfig["webServer"], "domain" | "coursesBy">;

/** A course by what its name and its path are made of. */
export type Located = Pick<Course, "path" | "subdomain">;

/** A record that the domain's zone needs. */
export interface DnsRecord<Address = string> {
  /** Full name, without the dot at its end. */
  name: string;
  type: "A";
  /** IPv4 address. */
  value: Address;
}

/** The site's DNS names: the domain, then one for each course with a name of its own; none without a domain. */
export function siteNames(naming: Naming, courses: readonly Located[]): string[] {
  return naming.domain === undefined ? [] : [naming.domain, ...courseNames(naming, courses)];
}

/**
 * The records that the site needs.
 * @param addresses of the web servers, or what stands for those that are not known yet
 */
export function dnsRecords<Address>(
  naming: Naming,
  courses: readonly Located[],
  addresses: readonly Address[],
): DnsRecord<Address>[] {
  return siteNames(naming, courses).flatMap((name) => addresses.map((value) => ({ name, type: "A" as const, value })));
}

/** The courses' own DNS names, in their order; none where they are served by path. */
export function courseNames(naming: Naming, courses: readonly Located[]): string[] {
  return courses.flatMap((course) => courseName(naming, course) ?? []);
}

/** A course's own DNS name; undefined where courses are served by path. */
export function courseName({ domain, coursesBy }: Naming, { subdomain }: Located): string | undefined {
  return coursesBy === "subdomain" ? `${subdomain}.${domain}` : undefined;
}

/** Leads to a course from any page of the site, by HTTP or HTTPS as that page. */
export function courseLink(naming: Naming, course: Located): string {
  const name = courseName(naming, course);
  return name === undefined ? `/${course.path.split("/").map(encodeURIComponent).join("/")}/` : `//${name}/`;
}

/** Leads to the start page from any page of the site, by HTTP or HTTPS as that page. */
export function startLink({ domain, coursesBy }: Naming): string {
  return coursesBy === "subdomain" ? `//${domain}/` : "/";
}

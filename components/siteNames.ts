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

/**
 * The records that the site needs: the domain's, then one for each name of a course; none without a domain.
 * @param value the web server's address, or what stands for one that is not known yet
 */
export function dnsRecords<Address>(naming: Naming, courses: readonly Located[], value: Address): DnsRecord<Address>[] {
  const names = naming.domain === undefined ? [] : [naming.domain, ...courseNames(naming, courses)];
  return names.map((name) => ({ name, type: "A", value }));
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

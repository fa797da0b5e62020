import * as z from "zod";
import { checkArchive } from "./archive";
import { checkCanary } from "./canary";
import {
  cidr,
  containerName,
  dnsLabel,
  domainName,
  httpsUrl,
  httpUrl,
  needed,
  port,
  portOrNone,
  repeated,
  safePath,
  section,
  text,
} from "./fields";
import { checkMirror } from "./mirror";
import { checkUploadGateway, uploadGateway } from "./uploadGateway";

/** The commit of cloudfuse that the regions run: the last one of its repository. */
const CLOUDFUSE_COMMIT = "d212b8c069683be75f018ed693e158b36558bbba";

/** Course pages carry scripts and styles of their own, and take some from elsewhere. */
const COURSE_POLICY =
  "default-src 'self' https: data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'";

const keystone = {
  /** Keystone v3 URL, for example https://identity.example.com:5000/v3. */
  authUrl: httpUrl("the Keystone v3 URL, e.g. https://identity.example.com:5000/v3").refine(
    (value) => /\/v3\/?$/.test(value),
    { error: "must end in /v3: only Keystone v3 is supported" },
  ),
  /** Region in the service catalogue. */
  region: text("the name of the region in the service catalogue"),
};

const v3password = section({
  /** Keystone v3 with a user's password. */
  authType: z.literal("v3password"),
  ...keystone,
  /** Project (tenant) that owns the resources. */
  project: text("the name of the project"),
  /** Domain of the project. Default: Default. */
  projectDomain: z.string().default("Default"),
  /** User in Keystone. */
  username: text("the Keystone user"),
  /** Domain of the user. Default: Default. */
  userDomain: z.string().default("Default"),
  /** Password of the user. Secret. */
  password: text("the password as a secret"),
});

const v3applicationcredential = section({
  /** Keystone v3 with an application credential: it can be revoked alone and knows its project. */
  authType: z.literal("v3applicationcredential"),
  ...keystone,
  /** ID of the application credential. */
  applicationCredentialId: text("the ID of the application credential"),
  /** Secret of the application credential. Secret. */
  applicationCredentialSecret: text("the secret of the application credential as a secret"),
});

const v1password = section({
  /** v1.0 authentication (TempAuth, SoftLayer), as in `~/.cloudfuse`. */
  authType: z.literal("v1password"),
  /** v1.0 authentication URL, for example https://tok02.objectstorage.softlayer.net/auth/v1.0/. */
  authUrl: httpUrl("the URL the portal shows under View Credentials").refine(
    (value) => /\/auth\/v1\.0\/?$/.test(value),
    {
      error: "must end in /auth/v1.0",
    },
  ),
  /** `ACCOUNT:USER`, as the portal shows it (SLXXXXXX-2:SLXXXXX). */
  username: text("ACCOUNT:USER as the portal shows it").regex(/^[^:\s]+:[^:\s]+$/, "must have the form ACCOUNT:USER"),
  /** API key. Secret. */
  apiKey: text("the API key as a secret"),
});

/** Names of the authentication types are those of OpenStack's clouds.yaml. */
const objectStore = z.discriminatedUnion("authType", [v1password, v3password, v3applicationcredential], {
  error:
    'needs "authType": v1password (user name and API key, as in ~/.cloudfuse), v3password or v3applicationcredential',
});
const compute = z.discriminatedUnion("authType", [v3password, v3applicationcredential], {
  error: 'needs "authType": v3password or v3applicationcredential',
});

const mirror = section({
  /** The object store of the region where authors upload; reading it is enough. */
  from: objectStore,
  /** Seconds between two comparisons of a course with its source. Default: 30. */
  seconds: z
    .number("must be a number of seconds")
    .min(1, "must be 1 to 3600")
    .max(3600, "must be 1 to 3600")
    .default(30),
  /** Containers there, by course, of other names than here. Default: the same. */
  containers: z.record(z.string(), containerName).default({}),
});

const network = section({
  /** Name of an existing network to attach the web server to. Give this or `create`. */
  existing: text("the name of a network").optional(),
  /** A network of the stack's own: network, subnet and router. Give this or `existing`. */
  create: section({
    /** Address range of the subnet. Default: 192.168.70.0/24. */
    cidr: cidr.default("192.168.70.0/24"),
    /** External network that the router leads to. */
    externalNetwork: text("the name of the external network"),
    /** DNS servers handed out by DHCP. Default: those of the cloud. */
    dnsNameservers: z.array(z.ipv4("must be IPv4 addresses")).default([]),
  }).optional(),
  /** External network to take a floating IP from; leave it out where the network itself is public. */
  floatingIpPool: text("the name of an external network").optional(),
  /** TCP ports that the web server may reach besides DNS, NTP, HTTP, HTTPS and those of the configured URLs. Default: none. */
  extraEgressTcpPorts: z.array(port).default([]),
}).refine((value) => (value.existing === undefined) !== (value.create === undefined), {
  error: 'needs exactly one of "existing" (name of a network) and "create" (a network of its own)',
});

const certificate = section({
  /** ACME directory of the certificate authority; "none": HTTP alone, where something in front of the server speaks HTTPS. Default: Let's Encrypt. */
  authority: z
    .union([z.literal("none"), httpsUrl("the ACME directory of a certificate authority")], {
      error: 'must be the https:// URL of an ACME directory, or "none" for a site without HTTPS',
    })
    .default("https://acme-v02.api.letsencrypt.org/directory"),
  /** Address that the authority may write to. Default: none. */
  email: z.email("must be an e-mail address").optional(),
  /** PEM of the root that signs the authority's own HTTPS, for one within a company. Default: those that the system trusts. */
  trustedRoot: z
    .string()
    .regex(/^-----BEGIN CERTIFICATE-----\n[\s\S]*-----END CERTIFICATE-----\s*$/, "must be a certificate in PEM")
    .optional(),
});

const webServer = section({
  /** Flavor by name. */
  flavor: text("the name of a flavor"),
  /** Image by name: Debian 12 or Ubuntu 24.04 with cloud-init. */
  image: text("the name of a Debian 12 or Ubuntu 24.04 image"),
  /** Login user of the image (debian, ubuntu). */
  sshUser: text("the login user of the image, e.g. debian").regex(/^[a-z_][a-z0-9_-]*$/, "must be a Linux user name"),
  /** Networks that may reach port 22. Pulumi's own machine must be in one of them. */
  sshFrom: z.array(cidr, needed("the networks that may reach port 22")).min(1, "is empty: Pulumi itself comes by SSH"),
  /** How many servers publish the site, each by itself. Default: 1. */
  count: z.int("must be 1 to 5").min(1, "must be 1 to 5").max(5, "must be 1 to 5").default(1),
  /**
   * What leads visitors to the servers: `octavia`, the cloud's load balancer with one address; `none`, an A record of the domain for
   * each server. Default: none.
   */
  loadBalancer: z.enum(["octavia", "none"], 'must be "octavia" or "none"').default("none"),
  /** DNS name of the site, served by HTTPS; without one the server answers to any name, by HTTP. */
  domain: domainName("a DNS name such as courses.example.org").optional(),
  /** Where the courses are: `path` DOMAIN/<path>/, `subdomain` <subdomain>.DOMAIN. Default: path. */
  coursesBy: z.enum(["path", "subdomain"], 'must be "path" or "subdomain"').default("path"),
  /** What the access log keeps of visitors' addresses: `anonymous` their network alone, `full` all. Default: anonymous. */
  logAddresses: z.enum(["anonymous", "full"], 'must be "anonymous" or "full"').default("anonymous"),
  /** Whether the distribution's security updates are installed every day. Default: true. */
  securityUpdates: z.boolean("must be true or false").default(true),
  /** How the domain gets its certificate. */
  certificate: certificate.prefault({}),
});

const dns = section({
  /** Zone that the domain lies in, without the dot at its end. */
  zone: domainName("a zone such as example.org"),
  /** Whether the stack makes the zone; else it must be there. One stack of several that share a zone makes it. Default: false. */
  create: z.boolean("must be true or false").default(false),
  /** E-mail address of who looks after the zone, told by its SOA record. Needed with `create`. */
  email: z.email("must be an e-mail address").optional(),
  /** Seconds for which others may keep a record. Default: 300. */
  ttl: z.int("must be a whole number").min(60, "must be at least 60").max(86_400, "must be at most 86400").default(300),
}).refine(({ create, email }) => !create || email !== undefined, {
  path: ["email"],
  error: "is missing: a zone that the stack makes names who looks after it",
});

const contentMount = section({
  /** FUSE driver. `cloudfuse` speaks v1.0 only; `rclone` speaks v1.0 and Keystone v3. Default: cloudfuse. */
  driver: z.enum(["cloudfuse", "rclone"], 'must be "cloudfuse" or "rclone"').default("cloudfuse"),
  /** Git repository of cloudfuse, reachable from the web server. */
  repository: z
    .string()
    .regex(/^(https?|git):\/\/\S+$/, "must be an https://, http:// or git:// URL")
    .default("https://github.com/redbo/cloudfuse.git"),
  /** Commit of cloudfuse to build; its hash pins the content. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, "must be a full commit hash (40 hexadecimal digits)")
    .default(CLOUDFUSE_COMMIT),
});

const publisher = section({
  /** Seconds between two looks at a course. Default: 0.5. */
  pollSeconds: z
    .number("must be a number of seconds")
    .min(0.2, "must be at least 0.2")
    .max(3600, "must be at most 3600")
    .default(0.5),
  /** Releases kept on disk for each course. Default: 3. */
  keepReleases: z.int("must be a whole number").min(1, "must be at least 1").max(100, "must be at most 100").default(3),
  /** Port on the web server's loopback where Prometheus finds metrics; 0: nowhere. Default: 9150. */
  metricsPort: portOrNone.default(9150),
  /** Stores an object every so many seconds and measures when the site serves it; 0: never. Its container is declared as well. */
  canary: section({
    seconds: z.number().min(0, "must be 0 to 86400").max(86_400, "must be 0 to 86400").default(0),
    container: containerName.default("xwmooc-canary"),
  }).prefault({}),
  /** Deletions of more than `percent` of a course's files and more than `files` files within `windowSeconds` wait for approval. */
  massDeletion: section({
    percent: z.number().min(1, "must be 1 to 100").max(100, "must be 1 to 100").default(50),
    files: z.int().min(0, "must be 0 or more").default(20),
    windowSeconds: z.int().min(1, "must be 1 or more").default(600),
  }).prefault({}),
});

const course = section({
  /** Name used by `npm run upload` and in the status; also the default for container and path. */
  name: text("a short name").regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens"),
  /** Title on the start page. */
  title: text("the title for the start page"),
  /** One line on the start page. Default: none. */
  description: z.string().default(""),
  /** Title and description on the English start page. Default: the same. */
  english: section({
    title: text("the English title"),
    description: z.string().default(""),
  }).optional(),
  /** Swift container. Default: the name. */
  container: containerName.optional(),
  /** Folder in the container that is the site's root. Default: the whole container. */
  source: safePath("a folder in the container").optional(),
  /** Where on the site the course is. Default: the name. */
  path: safePath("a path on the site")
    .refine((value) => !/^(index|index\.en|404)\.html$/.test(value), { error: "is a page of the site's own" })
    .optional(),
  /** Its name below the domain, with webServer.coursesBy: subdomain. Default: the path. */
  subdomain: dnsLabel.optional(),
  /**
   * What the course's pages may load and run, as the value of the header Content-Security-Policy. Default: anything by HTTPS,
   * scripts in pages too; no plugins, and no frames on other sites.
   */
  contentSecurityPolicy: z
    .string()
    .regex(/^[\x20-\x7e]+$/, "must be one line of ASCII characters")
    .refine((value) => !/["\\$]/.test(value), { error: 'must not have ", \\ or $' })
    .default(COURSE_POLICY),
  /** Changes are published after `seconds` of silence in the store, and after `limitSeconds` however lively it is. */
  settle: section({
    seconds: z.number().min(0, "must be 0 to 60").max(60, "must be 0 to 60").default(0.7),
    limitSeconds: z.number().min(0, "must be 0 to 3600").max(3600, "must be 0 to 3600").default(30),
  }).prefault({}),
}).transform((value) => ({
  ...value,
  container: value.container ?? value.name,
  source: value.source ?? "",
  english: value.english ?? { title: value.title, description: value.description },
  path: value.path ?? value.name,
  subdomain: value.subdomain ?? value.path ?? value.name,
}));

/** All keys of a stack's configuration (namespace `xwmooc:`). */
export const stackSchema = section({
  /** Name of the region; part of every resource's name. */
  region: text("the name of the region").regex(
    /^[a-z][a-z0-9-]{0,30}$/,
    "must be lower-case letters, digits and hyphens",
  ),
  /** The Swift account that holds the containers. */
  objectStore,
  /** The OpenStack project that holds the web server. */
  compute,
  /** Where the web server is attached. */
  network,
  /** The web server. */
  webServer,
  /** The domain's records in OpenStack's DNS service (Designate). Default: they are created elsewhere, by hand. */
  dns: dns.optional(),
  /** How the object store is mounted at /mnt. */
  contentMount: contentMount.prefault({}),
  /** The watch-and-sync service. */
  publisher: publisher.prefault({}),
  /** How authors upload by FTP over TLS and by SFTP. Default: there is no upload gateway. */
  uploadGateway: uploadGateway.optional(),
  /** The region that the courses' content is copied from. Default: authors upload in this one. */
  mirror: mirror.optional(),
  /**
   * Whether what is overwritten or deleted in a course's container is kept in one beside it, `<container>-archive`, until somebody
   * empties it. Default: false.
   */
  archive: z.boolean("must be true or false").default(false),
  /** Title of the start page. Default: xwMOOC. */
  siteTitle: z.string().min(1, "is empty").default("xwMOOC"),
  /** The courses: one container each. */
  courses: z
    .array(course, needed("the courses"))
    .min(1, "is empty: give at least one course")
    .superRefine((courses, context) => {
      for (const key of ["name", "container", "path"] as const) {
        for (const twice of repeated(courses.flatMap((one) => one[key] ?? []))) {
          context.addIssue({ code: "custom", message: `${key} "${twice}" is given to more than one course` });
        }
      }
      // Refinements also see courses with problems of their own, which have no path yet.
      const paths = courses.flatMap((one) => one.path ?? []);
      for (const inner of paths.filter((path) => paths.some((outer) => path.startsWith(`${outer}/`)))) {
        context.addIssue({ code: "custom", message: `path "${inner}" lies inside the path of another course` });
      }
    }),
  /**
   * First half of the double confirmation for deleting content: `I-want-to-delete-all-courses` lifts protection and
   * retention of the containers. See docs/operations.md. Default: content is kept.
   */
  deleteContent: z
    .literal(
      "I-want-to-delete-all-courses",
      "must be left out, or say I-want-to-delete-all-courses (see docs/operations.md)",
    )
    .optional(),
}).superRefine((config, context) => {
  // What was refused may be of any kind: between keys, those are compared that are right by themselves.
  if (context.issues.length > 0) return;
  if (config.contentMount.driver === "cloudfuse" && config.objectStore.authType !== "v1password") {
    context.addIssue({
      code: "custom",
      path: ["contentMount", "driver"],
      message:
        'cloudfuse can\'t speak Keystone v3: set contentMount.driver to "rclone", or objectStore.authType to "v1password"',
    });
  }
  const { zone } = config.dns ?? {};
  const { domain } = config.webServer;
  if (zone !== undefined && domain !== zone && !domain?.endsWith(`.${zone}`)) {
    context.addIssue({
      code: "custom",
      path: ["dns", "zone"],
      message: domain
        ? `"${zone}" does not hold ${domain}: give the zone that webServer.domain lies in`
        : "is of no use without webServer.domain: give both or none",
    });
  }
  if (config.webServer.coursesBy === "subdomain") checkSubdomains(config, context);
  if (config.uploadGateway) checkUploadGateway({ ...config, uploadGateway: config.uploadGateway }, context);
  checkCanary(config, context);
  if (config.archive) checkArchive(config, context);
  if (config.mirror) checkMirror({ ...config, mirror: config.mirror }, context);
});

/** Adds what keeps the courses from having a name each. */
function checkSubdomains(
  {
    webServer,
    courses,
  }: { webServer: { domain?: string | undefined }; courses: { name: string; subdomain: string }[] },
  context: z.core.$RefinementCtx,
): void {
  const issue = (path: PropertyKey[], message: string) => context.addIssue({ code: "custom", path, message });
  if (webServer.domain === undefined)
    issue(["webServer", "coursesBy"], "subdomain needs webServer.domain, which the courses' names end in");
  for (const [index, { name, subdomain }] of courses.entries()) {
    const problem = dnsLabel.safeParse(subdomain).error?.issues[0]?.message;
    if (problem !== undefined)
      issue(["courses", index, "subdomain"], `of course ${name} would be its path, "${subdomain}", but ${problem}`);
  }
  for (const twice of repeated(courses.map(({ subdomain }) => subdomain)))
    issue(["courses"], `subdomain "${twice}" is given to more than one course`);
}

/** A stack's configuration, parsed and complete. */
export type StackConfig = z.output<typeof stackSchema>;
/** One course of a stack. */
export type Course = StackConfig["courses"][number];

/** Whether the site is served by HTTPS: it has a domain, and an authority to get a certificate of it from. */
export function hasHttps({ domain, certificate }: Pick<StackConfig["webServer"], "domain" | "certificate">): boolean {
  return domain !== undefined && certificate.authority !== "none";
}

/** Paths of the values that must be stored encrypted. */
export const SECRET_PATHS = [
  "objectStore.apiKey",
  "objectStore.password",
  "objectStore.applicationCredentialSecret",
  "mirror.from.apiKey",
  "mirror.from.password",
  "mirror.from.applicationCredentialSecret",
  "compute.password",
  "compute.applicationCredentialSecret",
  "uploadGateway.accounts[].passwordHash",
] as const;

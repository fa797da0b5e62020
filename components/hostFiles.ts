import { createHash } from "node:crypto";
import { archiveOf } from "../config/archive";
import type { StackConfig } from "../config/schema";
import type { UploadGatewayConfig } from "../config/uploadGateway";
import type { Config as ContentMirrorConfig } from "../provisioning/content-mirror/src/config";
import { STYLE } from "../provisioning/publisher/src/pageFrame";
import type { SwiftCredentials } from "../swift/credentials";
import type { Rule } from "./securityGroup";
import { courseLink, courseName, type Naming, startLink } from "./siteNames";

type ObjectStore = StackConfig["objectStore"];

/** The object store's credentials as the Swift client takes them. */
export function swiftCredentials(store: ObjectStore): SwiftCredentials {
  const { authType, ...rest } = store;
  return authType === "v1password"
    ? ({ auth: "v1", ...rest } as SwiftCredentials)
    : ({ auth: "keystone", ...rest } as SwiftCredentials);
}

/** An object store's credentials as a file of a service, each its own: publisher, upload gateway, mirror. Secret. */
export function storeCredentials(store: ObjectStore): string {
  return `${JSON.stringify(swiftCredentials(store), null, 2)}\n`;
}

/** `/etc/site-publisher/config.json`. */
export function publisherConfig(
  config: Pick<StackConfig, "publisher" | "courses" | "siteTitle">,
  naming: Naming,
): string {
  const text = {
    webRoot: "/var/www/html",
    releasesDir: "/var/www/releases",
    stateDir: "/var/lib/site-publisher",
    mountDir: "/mnt",
    ...config.publisher,
    siteTitle: config.siteTitle,
    startLink: startLink(naming),
    courses: config.courses.map(({ contentSecurityPolicy, subdomain, ...course }) => ({
      ...course,
      link: courseLink(naming, { ...course, subdomain }),
    })),
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

/** `~/.cloudfuse`, as the tutorial writes it. Secret. */
export function cloudfuseConfig(store: ObjectStore): string {
  if (store.authType !== "v1password") throw new Error("cloudfuse needs v1.0 credentials");
  return `username=${store.username}\napi_key=${store.apiKey}\nauthurl=${store.authUrl}\n`;
}

/** `rclone.conf` with one remote, `content`. Secret. Keys: rclone.org/swift. */
export function rcloneConfig(store: ObjectStore): string {
  const keys: Record<string, string> =
    store.authType === "v1password"
      ? { auth: store.authUrl, user: store.username, key: store.apiKey, auth_version: "1" }
      : store.authType === "v3password"
        ? {
            auth: store.authUrl,
            user: store.username,
            key: store.password,
            domain: store.userDomain,
            tenant: store.project,
            tenant_domain: store.projectDomain,
            region: store.region,
            auth_version: "3",
          }
        : {
            auth: store.authUrl,
            application_credential_id: store.applicationCredentialId,
            application_credential_secret: store.applicationCredentialSecret,
            region: store.region,
            auth_version: "3",
          };
  const lines = Object.entries({ type: "swift", ...keys }).map(([key, value]) => `${key} = ${value}`);
  return `[content]\n${lines.join("\n")}\n`;
}

/**
 * `/etc/upload-gateway/config.json`.
 * @param publicAddress IPv4 address that authors reach the server at, which it does not know by itself behind a floating IP
 */
export function uploadGatewayConfig(
  {
    uploadGateway,
    courses,
    archive,
  }: Pick<StackConfig, "courses" | "archive"> & { uploadGateway: UploadGatewayConfig },
  publicAddress: string,
): string {
  const { ftp, sftp, limits, idleSeconds, metricsPort, segmentsContainer } = uploadGateway;
  const text = {
    publicAddress,
    ftp: { ...ftp, passivePorts: [ftp.passivePorts.first, ftp.passivePorts.last] },
    sftp,
    limits,
    idleSeconds,
    metricsPort,
    segmentsContainer,
    courses: courses.map(({ name, container, source }) => ({ name, container, source })),
    archives: archive ? courses.map(({ container }) => archiveOf(container)) : [],
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

/** `/etc/upload-gateway/accounts.json`. Secret. */
export function uploadGatewayAccounts({ accounts }: UploadGatewayConfig): string {
  return `${JSON.stringify(accounts, null, 2)}\n`;
}

/** `/etc/content-mirror/config.json`. */
export function contentMirrorConfig(
  mirror: NonNullable<StackConfig["mirror"]>,
  { publisher, courses }: Pick<StackConfig, "publisher" | "courses">,
): string {
  const text: ContentMirrorConfig = {
    seconds: mirror.seconds,
    massDeletion: publisher.massDeletion,
    courses: courses.map(({ name, container, source }) => {
      return { name, container, from: mirror.containers[name] ?? container, source };
    }),
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

/** The site's own pages: a style that is known by its hash, and nothing else. */
const SITE_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Where the publisher puts the site. */
const WEB_ROOT = "/var/www/html";

/** `courses.conf` of nginx: what differs from course to course. */
export function nginxCourses(courses: StackConfig["courses"], naming: Naming): string {
  const named = courses.flatMap((course) => {
    const name = courseName(naming, course);
    return name === undefined ? [] : { name, path: course.path, depth: course.path.split("/").length };
  });
  return [
    "# The folder of a course that has a name of its own.",
    ...nginxMap(
      "$host $xwmooc_folder",
      "",
      named.map(({ name, path }) => `"${name}" "/${path}"`),
    ),
    "# Where such a course is instead of below the domain. What follows its path stays as the visitor wrote it.",
    ...[...new Set(named.map(({ depth }) => depth))].flatMap((depth) =>
      nginxMap(`$request_uri $xwmooc_below_${depth}`, "", [
        `"~^(/[^/?]*){${depth}}(?<xwmooc_rest_${depth}>.*)" $xwmooc_rest_${depth}`,
      ]),
    ),
    ...nginxMap(
      "$host$uri $xwmooc_moved",
      "",
      named.map(
        ({ name, path, depth }) =>
          `"~^${escapeRegex(`${naming.domain}/${path}`)}(/|$)" "//${name}$xwmooc_below_${depth}"`,
      ),
    ),
    "# By the file that is sent: at a course's name, too, the site's own pages have their policy.",
    ...nginxMap(
      "$request_filename $xwmooc_policy",
      SITE_POLICY,
      courses.map(
        ({ path, contentSecurityPolicy }) =>
          `"~^${WEB_ROOT}(/\\.before)?/${escapeRegex(path)}(/|$)" "${contentSecurityPolicy}"`,
      ),
    ),
    "# A course's own page of what is not there.",
    ...nginxMap(
      "$xwmooc_folder$uri $xwmooc_not_found",
      "/404.html",
      courses.map(({ path }) => `"~^/${escapeRegex(path)}(/|$)" "/${path}/404.html"`),
    ),
    "",
  ].join("\n");
}

/** The lines of a map of nginx. */
function nginxMap(variables: string, otherwise: string, entries: string[]): string[] {
  return [`map ${variables} {`, ...[`default "${otherwise}"`, ...entries].map((entry) => `    ${entry};`), "}"];
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** ICMP and its namesake of IPv6, by number: a small system knows no names of protocols. */
const ICMP = "1, 58";

/** nftables' rules, from those of the security group: what comes in, besides answers, the machine itself, ICMP and DHCP. */
export function nftablesRules(rules: Rule[]): string {
  const accepted = rules
    .filter(({ direction }) => direction === "ingress")
    .map(({ protocol, port, lastPort = port, remote, description }) => {
      const from = remote === undefined || remote === "0.0.0.0/0" ? "" : `ip saddr ${remote} `;
      const ports = lastPort === port ? port : `${port}-${lastPort}`;
      return `    ${from}${protocol} dport ${ports} accept comment "${description}"`;
    });
  return `# Replaces the whole table in one step.
table inet xwmooc
delete table inet xwmooc
table inet xwmooc {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    ct state invalid drop
    meta l4proto { ${ICMP} } accept
    udp sport 67 udp dport 68 accept comment "DHCP"
${accepted.join("\n")}
  }
}
`;
}

import * as z from "zod";
import { cidr, containerName, needed, port, portOrNone, repeated, section, text } from "./fields";

/** Ports of the web server that are taken already. */
const TAKEN = [22, 80, 443];
/** A data connection takes one; more than this is a hole in the firewall. */
const MAX_PASSIVE_PORTS = 1_000;

/** An SSH public key, as its .pub file has it. */
export const PUBLIC_KEY = /^(ssh|ecdsa|sk)-\S+ [\w+/=]+( .*)?$/;

const count = z.int("must be a whole number").min(1, "must be at least 1").max(10_000, "must be at most 10000");

const account = section({
  /** Name to log in with. */
  name: text("the name to log in with").regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    "must be lower-case letters, digits, dots, hyphens and underscores",
  ),
  /** Names of the courses that it sees. */
  courses: z.array(z.string(), needed("the names of its courses")).min(1, "is empty: give the names of its courses"),
  /** What it may do there. Default: all three. */
  rights: z
    .array(z.enum(["read", "upload", "delete"], 'must be "read", "upload" or "delete"'))
    .default(["read", "upload", "delete"]),
  /** Hash of its password, made by `npm run new-author`. Secret. Default: no login by password. */
  passwordHash: z
    .string()
    .regex(/^\$scrypt\$ln=\d+,r=\d+,p=\d+\$[\w+/.-]+\$[\w+/.-]+$/, "must be a hash made by `npm run new-author`")
    .optional(),
  /** SSH public keys for SFTP, each a line as in authorized_keys. Default: none. */
  keys: z.array(z.string().regex(PUBLIC_KEY, "must be a public key, a line as in authorized_keys")).default([]),
}).refine((one) => one.passwordHash !== undefined || one.keys.length > 0, {
  error: "needs a passwordHash or keys: without them nobody can log in",
});

/** How authors upload. */
export const uploadGateway = section({
  /** Networks that may reach its ports. */
  allowedFrom: z
    .array(cidr, needed("the networks that authors come from, 0.0.0.0/0 for everywhere"))
    .min(1, "is empty: give the networks that authors come from, 0.0.0.0/0 for everywhere"),
  ftp: section({
    /** Port for explicit TLS; 0: no FTP at all. Default: 21. */
    port: portOrNone.default(21),
    /** Port for implicit TLS; 0: none. Default: 990. */
    implicitPort: portOrNone.default(990),
    /** Ports for data connections. Default: 50000 to 50099. */
    passivePorts: section({
      first: port.default(50_000),
      last: port.default(50_099),
    }).prefault({}),
    /** Also lets in who does not encrypt: passwords can be read on their way. Default: false. */
    allowPlain: z.boolean("must be true or false").default(false),
  }).prefault({}),
  sftp: section({
    /** Port; 0: no SFTP. Port 22 is for administration. Default: 2022. */
    port: portOrNone.default(2022),
  }).prefault({}),
  limits: section({
    /** Sessions at a time: in all, from one address, of one account. Default: 200, 40, 40. */
    sessions: count.default(200),
    sessionsPerAddress: count.default(40),
    sessionsPerAccount: count.default(40),
    /** So many failed logins of an address within `banSeconds` shut it out for `banSeconds`. Default: 10, 900. */
    failures: count.default(10),
    banSeconds: z
      .int("must be a whole number")
      .min(1, "must be 1 to 86400")
      .max(86_400, "must be 1 to 86400")
      .default(900),
  }).prefault({}),
  /** Seconds after which a session in which nothing happens is ended. Default: 300. */
  idleSeconds: z
    .int("must be a whole number")
    .min(10, "must be 10 to 3600")
    .max(3_600, "must be 10 to 3600")
    .default(300),
  /** Port on the web server's loopback where Prometheus finds metrics; 0: nowhere. Default: 9151. */
  metricsPort: portOrNone.default(9151),
  /** Container for the parts of files over 16 MiB; declared as well. Default: xwmooc-segments. */
  segmentsContainer: containerName.default("xwmooc-segments"),
  /** Who may upload. */
  accounts: z
    .array(account, needed("at least one account, see `npm run new-author`"))
    .min(1, "is empty: give at least one account, see `npm run new-author`"),
});

/** The upload gateway of a stack. */
export type UploadGatewayConfig = z.output<typeof uploadGateway>;

/** A port, or several in a row, that the gateway is reached at. */
export interface UploadPort {
  port: number;
  /** The last of several. @default the one */
  lastPort?: number;
  description: string;
}

/** What the gateway listens at. */
export function uploadPorts({ ftp, sftp }: Pick<UploadGatewayConfig, "ftp" | "sftp">): UploadPort[] {
  const { first, last } = ftp.passivePorts;
  const ports: UploadPort[] = [
    { port: ftp.port, description: "uploads by FTP" },
    { port: ftp.implicitPort, description: "uploads by FTP over implicit TLS" },
    ...(ftp.port + ftp.implicitPort > 0 ? [{ port: first, lastPort: last, description: "FTP's data" }] : []),
    { port: sftp.port, description: "uploads by SFTP" },
  ];
  return ports.filter(({ port }) => port !== 0);
}

/** The part of a stack's configuration that the gateway must fit to. */
interface Surroundings {
  uploadGateway: UploadGatewayConfig;
  courses: { name: string; container: string }[];
  publisher: { metricsPort: number; canary: { container: string } };
}

/** Adds what is wrong between the gateway's keys, and between them and others. */
export function checkUploadGateway(config: Surroundings, context: z.core.$RefinementCtx): void {
  const { ftp, sftp, accounts, metricsPort, segmentsContainer } = config.uploadGateway;
  const issue = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path: ["uploadGateway", ...path], message });
  const { first, last } = ftp.passivePorts;
  if (last < first || last - first >= MAX_PASSIVE_PORTS)
    issue(["ftp", "passivePorts"], `must be a range of 1 to ${MAX_PASSIVE_PORTS} ports, first to last`);
  const others = [...TAKEN, config.publisher.metricsPort];
  for (const one of others.filter((port) => port >= first && port <= last))
    issue(["ftp", "passivePorts"], `hold port ${one}, which is used for something else`);
  const own = { ftp: ftp.port, implicit: ftp.implicitPort, sftp: sftp.port, metrics: metricsPort };
  const ports = Object.values(own).filter((one) => one !== 0);
  for (const one of new Set(ports)) {
    const isPassive = one >= first && one <= last;
    if (others.includes(one) || isPassive || ports.filter((other) => other === one).length > 1)
      issue([], `port ${one} is used for something else as well`);
  }
  if (ftp.port === 0 && ftp.implicitPort === 0 && sftp.port === 0)
    issue([], "has no port: leave it out to have no gateway");
  const containers = [config.publisher.canary.container, ...config.courses.map(({ container }) => container)];
  if (containers.includes(segmentsContainer)) issue(["segmentsContainer"], "is the container of something else");
  for (const twice of repeated(accounts.map(({ name }) => name))) issue(["accounts"], `"${twice}" is given twice`);
  const known = config.courses.map(({ name }) => name);
  for (const [index, { courses }] of accounts.entries()) {
    for (const unknown of courses.filter((name) => !known.includes(name)))
      issue(["accounts", index, "courses"], `has no course "${unknown}": the courses are ${known.join(", ")}`);
  }
}

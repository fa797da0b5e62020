import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Declared, UNKNOWN } from "../../policy/rule";
import { rules } from "../../policy/rules";

const STACK: Declared["stack"] = {
  sshFrom: ["203.0.113.0/24"],
  uploadsFrom: [],
  uploadPorts: [],
  deletesContent: false,
};
const EVERYWHERE: Partial<Declared> = {
  stack: { ...STACK, uploadsFrom: ["0.0.0.0/0"], uploadPorts: [{ first: 50_000, last: 50_099 }] },
};

/** What the rules of that name say of resources of a type with these inputs, one after the other. */
function findings(rule: string, type: string, ...resources: Partial<Declared>[]): string[] {
  const found = rules().find(({ name }) => name === rule);
  if (!found?.types.includes(type)) throw new Error(`no rule ${rule} for ${type}`);
  const declared: Declared = {
    type,
    name: "one",
    inputs: {},
    secretInputs: new Set(),
    isProtected: false,
    stack: STACK,
    config: {},
  };
  return resources.flatMap((resource) => found.check({ ...declared, ...resource }));
}

const CONTAINER = "openstack:objectstorage/container:Container";
const RULE = "openstack:networking/secGroupRule:SecGroupRule";
const SERVER = "openstack:compute/instance:Instance";
const COMMAND = "command:remote:Command";

describe("containers-are-kept", () => {
  const check = (resource: Partial<Declared>) => findings("containers-are-kept", CONTAINER, resource);

  it("passes a protected one, the canary's, and all once their deletion is confirmed", () => {
    expect(check({ inputs: { forceDestroy: false }, isProtected: true })).toEqual([]);
    expect(check({ inputs: { forceDestroy: true, metadata: { Role: "canary" } } })).toEqual([]);
    expect(check({ inputs: { forceDestroy: true }, stack: { ...STACK, deletesContent: true } })).toEqual([]);
  });

  it("names what may delete one", () => {
    expect(check({ inputs: { forceDestroy: true }, isProtected: true })).toEqual([
      "deletes its objects with it: set forceDestroy to false",
    ]);
    for (const Role of ["segments", "archive"]) {
      expect(check({ inputs: { metadata: { Role } } })).toEqual([
        "is not protected: give it the options protect and retainOnDelete",
      ]);
    }
  });
});

describe("containers-are-not-writable-by-all", () => {
  const check = (containerWrite?: unknown) =>
    findings("containers-are-not-writable-by-all", CONTAINER, { inputs: { containerWrite } });

  it.each([undefined, "", "project:user", "project:*,other:user", UNKNOWN])("passes %s", (acl) => {
    expect(check(acl)).toEqual([]);
  });

  it.each(["*:*", "*", ".r:*", "project:user, *:*", "*:user"])("names %s", (acl) => {
    expect(check(acl)).toEqual([
      `lets everybody write (containerWrite "${acl}"): name projects and users, or leave it out`,
    ]);
  });
});

/** Inputs of a firewall rule. */
const ingress = (remoteIpPrefix: string | undefined, first?: number, last = first, more: object = {}) => ({
  direction: "ingress",
  ethertype: "IPv4",
  protocol: "tcp",
  portRangeMin: first,
  portRangeMax: last,
  remoteIpPrefix,
  ...more,
});

describe("only-public-ports-are-open", () => {
  const check = (inputs: object, more: Partial<Declared> = {}) =>
    findings("only-public-ports-are-open", RULE, { inputs: { ...inputs }, ...more });

  it("passes visitors, networks that are named, members of a group, and what leaves", () => {
    expect(check(ingress("0.0.0.0/0", 80))).toEqual([]);
    expect(check(ingress("::/0", 443, 443, { ethertype: "IPv6" }))).toEqual([]);
    expect(check(ingress("203.0.113.0/24", 5432))).toEqual([]);
    expect(check(ingress(undefined, 5432, 5432, { remoteGroupId: "group" }))).toEqual([]);
    expect(check(ingress(undefined, 5432, 5432, { remoteIpPrefix: UNKNOWN }))).toEqual([]);
    expect(check(ingress("0.0.0.0/0", 53, 53, { direction: "egress" }))).toEqual([]);
  });

  it("passes the upload gateway's ports where its configuration opens them to everywhere, and there alone", () => {
    expect(check(ingress("0.0.0.0/0", 50_000, 50_099), EVERYWHERE)).toEqual([]);
    expect(check(ingress("0.0.0.0/0", 50_000, 50_100), EVERYWHERE)).toHaveLength(1);
    expect(check(ingress("0.0.0.0/0", 50_000, 50_099))).toHaveLength(1);
  });

  it.each([
    [ingress("0.0.0.0/0", 5432), "port 5432 to 0.0.0.0/0"],
    [ingress("128.0.0.0/1", 5432), "port 5432 to 128.0.0.0/1"],
    [ingress("0.0.0.0/0", 80, 443), "port 80-443 to 0.0.0.0/0"],
    [ingress("0.0.0.0/0"), "all ports of tcp to 0.0.0.0/0"],
    [ingress(undefined, 8080), "port 8080 to anywhere"],
    [ingress("::/0", 22, 22, { ethertype: "IPv6" }), "port 22 to ::/0"],
  ])("names %j", (inputs, what) => {
    expect(check(inputs)).toEqual([`opens ${what}: name the networks that need it in remoteIpPrefix`]);
  });
});

describe("only-public-ports-are-open through a load balancer", () => {
  const check = (inputs: object) =>
    findings("only-public-ports-are-open", "openstack:loadbalancer/listener:Listener", { inputs: { ...inputs } });

  it("passes visitors, and networks that are named, or not known yet", () => {
    expect(check({ protocolPort: 443 })).toEqual([]);
    expect(check({ protocolPort: 8080, allowedCidrs: ["203.0.113.0/24", "2001:db8::/32", UNKNOWN] })).toEqual([]);
    expect(check({ protocolPort: 8080, allowedCidrs: UNKNOWN })).toEqual([]);
    expect(check({ protocolPort: UNKNOWN })).toEqual([]);
  });

  it.each([
    [undefined, "anywhere"],
    [[], "anywhere"],
    [["203.0.113.0/24", "0.0.0.0/0"], "0.0.0.0/0"],
    [["::/0"], "::/0"],
  ])("names %j", (allowedCidrs, from) => {
    expect(check({ protocolPort: 8080, ...(allowedCidrs && { allowedCidrs }) })).toEqual([
      `opens port 8080 to ${from}: name the networks that need it in allowedCidrs`,
    ]);
  });
});

describe("firewall-is-not-bypassed", () => {
  const check = (inputs: Record<string, unknown>, type = "openstack:networking/port:Port") =>
    findings("firewall-is-not-bypassed", type, { inputs });

  it("passes a port in a security group", () => {
    expect(check({ securityGroupIds: ["group"] })).toEqual([]);
    expect(check({ portSecurityEnabled: true, noSecurityGroups: false })).toEqual([]);
  });

  it("names a port without, and a group whose rules no other rule here sees", () => {
    expect(check({ portSecurityEnabled: false, noSecurityGroups: true })).toEqual([
      "has no port security: leave out portSecurityEnabled",
      "is in no security group: give it securityGroupIds",
    ]);
    expect(check({}, "openstack:compute/secGroup:SecGroup")).toEqual([
      "has its rules inline: declare a networking SecGroup and SecGroupRules",
    ]);
  });
});

describe("ssh-is-from-configured-ranges", () => {
  const check = (inputs: object) => findings("ssh-is-from-configured-ranges", RULE, { inputs: { ...inputs } });

  it("passes the networks of webServer.sshFrom, and what is not SSH", () => {
    expect(check(ingress("203.0.113.0/24", 22))).toEqual([]);
    expect(check(ingress("198.51.100.0/24", 2022))).toEqual([]);
    expect(check(ingress("198.51.100.0/24", 22, 22, { protocol: "udp" }))).toEqual([]);
  });

  it("names other networks and the world, however the port is given", () => {
    expect(check(ingress("198.51.100.0/24", 22))).toEqual([
      "opens SSH to 198.51.100.0/24, which is not in webServer.sshFrom of the stack's file: add it there",
    ]);
    for (const inputs of [ingress("0.0.0.0/0", 22), ingress("0.0.0.0/0", 1, 1024), ingress("0.0.0.0/0")]) {
      expect(check(inputs)).toEqual([
        "opens SSH to 0.0.0.0/0: name the networks of those who administer in webServer.sshFrom",
      ]);
    }
  });
});

describe("firewall-rules-are-described", () => {
  const check = (description: unknown) => findings("firewall-rules-are-described", RULE, { inputs: { description } });

  it("passes one that says what it is for", () => expect(check("visitors")).toEqual([]));

  it.each([undefined, "", " "])("names %j", (description) => {
    expect(check(description)).toEqual(["has no description: say what it is for"]);
  });
});

describe("host-keys-are-pinned", () => {
  const check = (connection: unknown) => findings("host-keys-are-pinned", COMMAND, { inputs: { connection } });

  it("passes a host key, one that is known later, and a proxy with one", () => {
    expect(check({ host: "h", hostKey: "ssh-ed25519 AAAA" })).toEqual([]);
    expect(check({ host: "h", hostKey: UNKNOWN })).toEqual([]);
    expect(check(UNKNOWN)).toEqual([]);
    // As the engine shows the connection to a server that is not there yet.
    expect(check({ host: "", port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15 })).toEqual([]);
    expect(check({ hostKey: "k", proxy: { hostKey: "k" } })).toEqual([]);
  });

  it.each(["CopyToRemote", "CopyFile"])("holds for %s, too", (copy) => {
    const of = (connection: object) =>
      findings("host-keys-are-pinned", `command:remote:${copy}`, { inputs: { connection } });
    expect(of({ host: "h", hostKey: "k" })).toEqual([]);
    expect(of({ host: "h" })).toHaveLength(1);
  });

  it("names a connection or a proxy without", () => {
    expect(check({ host: "h" })).toEqual(["trusts any server: set connection.hostKey to the server's public host key"]);
    expect(check({ hostKey: "k", proxy: { host: "p" } })).toEqual(["trusts any proxy: set connection.proxy.hostKey"]);
  });
});

describe("no-secret-in-commands", () => {
  const check = (...resources: Partial<Declared>[]) => findings("no-secret-in-commands", COMMAND, ...resources);

  it("passes ours: a constant text, secrets in stdin and connection", () => {
    const connection = { host: "h", privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----" };
    const inputs = {
      create: "exec sudo bash -c 'base64 -d | tar -x' # step credentials",
      delete: UNKNOWN,
      stdin: "s3cret-api-key",
      environment: { FUSE_DRIVER: "rclone" },
      triggers: ["1", UNKNOWN],
      interpreter: ["/bin/sh", "-c"],
      dir: "/srv",
      connection,
    };
    expect(check({ inputs, secretInputs: new Set(["stdin", "connection"]) })).toEqual([]);
  });

  it("names what Pulumi knows as secret", () => {
    expect(check({ inputs: { create: UNKNOWN }, secretInputs: new Set(["create"]) })).toEqual([
      "shows a secret in create (Pulumi knows it as one): hand it over in stdin",
    ]);
  });

  it("names a password of a provider that came before", () => {
    const provider = { type: "pulumi:providers:openstack", inputs: { password: "s3cret-api-key" } };
    expect(check(provider, { inputs: { update: "login s3cret-api-key" } })).toEqual([
      "shows a secret in update (a password or key of the stack): hand it over in stdin",
    ]);
  });

  it.each([
    ["delete", "echo '-----BEGIN RSA PRIVATE KEY-----'", "it has the form of one"],
    ["triggers", ["1", "$scrypt$ln=15,r=8,p=1$abc$def"], "it has the form of one"],
    ["environment", { DB_PASSWORD: UNKNOWN }, "the variable DB_PASSWORD"],
    ["interpreter", ["sh", "-c", "login pul-0123456789abcdef0123"], "it has the form of one"],
    ["dir", "/home/ghp_0123456789abcdef0123", "it has the form of one"],
    ["remotePath", "/tmp/ghp_0123456789abcdef0123", "it has the form of one"],
  ])("names one in %s by its form or name", (input, value, why) => {
    expect(check({ inputs: { [input]: value } })).toEqual([
      `shows a secret in ${input} (${why}): hand it over in stdin`,
    ]);
  });
});

describe("metadata-says-what-it-is", () => {
  const check = (type: string, metadata: unknown) =>
    findings("metadata-says-what-it-is", type, { inputs: { metadata } });

  it("passes project, stack and role of a server, course or role of a container", () => {
    expect(check(SERVER, { project: "xwmooc", stack: "dev", role: "web" })).toEqual([]);
    expect(check(CONTAINER, { Course: "pi" })).toEqual([]);
    expect(check(CONTAINER, { Role: "segments" })).toEqual([]);
    expect(check(CONTAINER, UNKNOWN)).toEqual([]);
  });

  it("names what is missing", () => {
    expect(check(SERVER, { role: "web" })).toEqual(["lacks metadata: add project, stack"]);
    expect(check(CONTAINER, undefined)).toEqual(["lacks metadata: add course or role"]);
  });
});

describe("flavors-are-allowed", () => {
  const check = (flavorName: unknown, config: Record<string, unknown>) =>
    findings("flavors-are-allowed", SERVER, { inputs: { flavorName }, config });

  it("passes one of the list, and all without a list", () => {
    expect(check("m1.small", { allowed: ["m1.small"] })).toEqual([]);
    expect(check("m1.xlarge", {})).toEqual([]);
  });

  it("names another one", () => {
    expect(check("m1.xlarge", { allowed: ["m1.tiny", "m1.small"] })).toEqual([
      'has the flavor "m1.xlarge", allowed are m1.tiny, m1.small: take one of them, or add it to policy/config.json',
    ]);
  });
});

it("every rule is explained in docs/pull-requests.md", () => {
  const text = readFileSync(join(__dirname, "../../docs/pull-requests.md"), "utf8");
  for (const { name } of rules()) expect(text).toContain(`\`${name}\``);
});

import { isDeepStrictEqual } from "node:util";
import type { ResourceOptions } from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import { parseConfig } from "../config/parse";
import { declare, type PlannedResource, planOf } from "./support/plan";
import { PLACEHOLDER, rawConfig, STACKS } from "./support/stack";

// A plan says what is declared; nothing needs to be built for it.
vi.mock("../provisioning/goProgram", () => ({
  buildUploadGateway: async () => ({ file: "/built/upload-gateway", fingerprint: "<fingerprint>" }),
}));

/** Digests change with every edit of a script; the plan is about what is declared. */
const withoutDigests = (text: string) => text.replace(/content [0-9a-f]{12}/g, "content <digest>");

describe.each(STACKS)("the plan of stack %s", (stack) => {
  it("is the one in test/golden", async () => {
    const plan = await planOf(parseConfig(rawConfig(stack)));
    await expect(`${withoutDigests(JSON.stringify(plan.resources, null, 2))}\n`).toMatchFileSnapshot(
      `golden/${stack}.json`,
    );
  });

  it("shows no secret", async () => {
    const plan = JSON.stringify((await planOf(parseConfig(rawConfig(stack)))).resources);
    expect(plan).not.toContain(PLACEHOLDER);
    expect(plan).not.toContain("PRIVATE KEY");
    expect(plan).toContain('"stdin":"[secret]"');
    expect(plan).toContain('"userData":"[secret]"');
  });
});

describe("a domain", () => {
  const plan = (certificate?: object) =>
    planOf(
      parseConfig(
        rawConfig("tokyo2", {
          "webServer.domain": "courses.example.org",
          ...(certificate && { "webServer.certificate": certificate }),
        }),
      ),
    );
  const named = (resources: { name: string }[]) => resources.map(({ name }) => name);

  it("is served by HTTPS: port, certificate, record", async () => {
    const { resources, outputs } = await plan();
    expect(named(resources)).toContain("tokyo2-web-firewall-ingress-tcp-443");
    expect(named(resources)).toContain("tokyo2-web-certificate-run");
    expect(outputs.siteUrl).toBe("https://courses.example.org/");
    expect(outputs.dnsRecords).toEqual([{ name: "courses.example.org", type: "A", value: expect.any(String) }]);
  });

  it("gets its record in Designate where the stack has a zone there, before the certificate is asked for", async () => {
    const dns = { zone: "example.org" };
    const { resources } = await planOf(
      parseConfig(rawConfig("tokyo2", { "webServer.domain": "courses.example.org", dns })),
    );
    expect(named(resources).filter((name) => name.includes("-dns"))).toEqual([
      "tokyo2-dns-courses.example.org",
      "tokyo2-dns",
    ]);
    expect(resources.find(({ type }) => type === "openstack:dns/recordSet:RecordSet")?.inputs).toEqual({
      zoneId: "known-zone",
      name: "courses.example.org.",
      type: "A",
      ttl: 300,
      records: [expect.any(String)],
      description: "web server",
    });
  });

  it("has a record for each course that has a name of its own", async () => {
    const { resources } = await planOf(
      parseConfig(
        rawConfig("tokyo2", {
          "webServer.domain": "courses.example.org",
          "webServer.coursesBy": "subdomain",
          dns: { zone: "example.org" },
        }),
      ),
    );
    const records = resources.filter(({ type }) => type === "openstack:dns/recordSet:RecordSet");
    expect(records.map(({ inputs }) => inputs.name).sort()).toEqual(
      ["", "csunplugged.", "pi.", "py4inf.", "rur-ple.", "scloud.", "swcarpentry."].map(
        (course) => `${course}courses.example.org.`,
      ),
    );
  });

  it("gets its zone, too, where the stack is to make it", async () => {
    const dns = { zone: "example.org", create: true, email: "hostmaster@example.org" };
    const { resources } = await planOf(parseConfig(rawConfig("tokyo2", { "webServer.domain": "example.org", dns })));
    expect(resources.find(({ type }) => type === "openstack:dns/zone:Zone")?.inputs).toMatchObject({
      name: "example.org.",
      email: "hostmaster@example.org",
    });
  });

  it("is left to what stands in front, where there is no authority", async () => {
    const { resources, outputs } = await plan({ authority: "none" });
    expect(named(resources).filter((name) => /443|certificate/.test(name))).toEqual([
      "tokyo2-web-firewall-egress-tcp-443",
    ]);
    expect(outputs.siteUrl).toBe("http://courses.example.org/");
  });

  it("may have a name for each course: URLs and records", async () => {
    const { outputs } = await planOf(
      parseConfig(
        rawConfig("tokyo2", { "webServer.domain": "courses.example.org", "webServer.coursesBy": "subdomain" }),
      ),
    );
    expect(outputs.siteUrl).toBe("https://courses.example.org/");
    expect(outputs.courseUrls).toMatchObject({
      pi: "https://pi.courses.example.org/",
      "rur-ple": "https://rur-ple.courses.example.org/",
    });
    const value = outputs.address;
    const labels = ["csunplugged.", "pi.", "py4inf.", "rur-ple.", "scloud.", "swcarpentry."];
    expect(outputs.dnsRecords).toEqual(
      ["", ...labels].map((label) => ({ name: `${label}courses.example.org`, type: "A", value })),
    );
  });
});

describe("what Pulumi is told to do with resources", () => {
  async function optionsOf(type: string, changes: Record<string, unknown> = {}): Promise<ResourceOptions[]> {
    const options: ResourceOptions[] = [];
    await declare(parseConfig(rawConfig("tokyo2", changes)), () => {}, {
      transformations: [
        (declared) => {
          if (declared.type === type) options.push(declared.opts);
          return undefined;
        },
      ],
    });
    return options;
  }

  it("containers are protected and retained, until their deletion is confirmed", async () => {
    const type = "openstack:objectstorage/container:Container";
    const kept = await optionsOf(type);
    expect(kept).toHaveLength(6);
    for (const { protect, retainOnDelete } of kept) expect([protect, retainOnDelete]).toEqual([true, true]);
    const archived = await optionsOf(type, { archive: true });
    expect(archived).toHaveLength(12);
    for (const { protect, retainOnDelete } of archived) expect([protect, retainOnDelete]).toEqual([true, true]);
    for (const { protect } of await optionsOf(type, { deleteContent: "I-want-to-delete-all-courses" }))
      expect(protect).toBe(false);
  });

  it("another name makes another container, which protection refuses", async () => {
    const canary = { "publisher.canary": { seconds: 60 } };
    const all = await optionsOf("openstack:objectstorage/container:Container", { archive: true, ...canary });
    expect(all).toHaveLength(13);
    for (const { replaceOnChanges } of all) expect(replaceOnChanges).toEqual(["name"]);
  });

  it("a firewall rule goes before its successor comes, as the cloud refuses two that are alike", async () => {
    const rules = await optionsOf("openstack:networking/secGroupRule:SecGroupRule");
    expect(rules.length).toBeGreaterThan(1);
    for (const options of rules) expect(options).toMatchObject({ deleteBeforeReplace: true });
  });

  it("another image makes another server, on which every step runs", async () => {
    const [server] = await optionsOf("openstack:compute/instance:Instance");
    expect(server).toMatchObject({ replaceOnChanges: ["imageName"], deleteBeforeReplace: true });
  });
});

describe("several web servers", () => {
  const DOMAIN = "courses.example.org";
  const plan = (changes: Record<string, unknown>) => planOf(parseConfig(rawConfig("tokyo2", changes)));
  const of = (resources: PlannedResource[], type: string) => resources.filter((one) => one.type.endsWith(`:${type}`));

  it("by Octavia are the ones in test/golden", async () => {
    const { resources, outputs } = await plan({
      "webServer.count": 2,
      "webServer.loadBalancer": "octavia",
      "webServer.domain": DOMAIN,
      "network.floatingIpPool": "public",
    });
    await expect(`${withoutDigests(JSON.stringify(resources, null, 2))}\n`).toMatchFileSnapshot(
      "golden/tokyo2-octavia.json",
    );
    expect(outputs.dnsRecords).toEqual([{ name: DOMAIN, type: "A", value: "198.51.100.9" }]);
    expect(outputs).toMatchObject({ siteUrl: `https://${DOMAIN}/`, address: "198.51.100.7" });
  });

  it("by DNS have a record each, an address, and a host key", async () => {
    const { resources, outputs } = await plan({ "webServer.count": 3, "webServer.domain": DOMAIN });
    expect(of(resources, "LoadBalancer")).toEqual([]);
    expect(of(resources, "Instance").map(({ inputs }) => [inputs.name, inputs.schedulerHints])).toEqual(
      ["tokyo2-web-2", "tokyo2-web-3", "tokyo2-web"].map((name) => [name, [{ group: "tokyo2-web-group-id" }]]),
    );
    expect(outputs.dnsRecords).toHaveLength(3);
    expect(outputs.servers).toEqual(
      ["tokyo2-web", "tokyo2-web-2", "tokyo2-web-3"].map((name) => ({
        name,
        address: "192.0.2.7",
        sshHostKey: `ssh-ed25519 PUBLIC-KEY-OF-${name}-host-key-generate`,
      })),
    );
  });

  it("are made one after the other, and take visitors when all courses are published", async () => {
    const { order } = await plan({ "webServer.count": 2, "webServer.domain": DOMAIN });
    const at = (name: string) => order.indexOf(name);
    for (const step of ["hardening", "publisher", "web-server", "certificate"])
      expect(at(`tokyo2-web-${step}-run`)).toBeLessThan(at("tokyo2-web-2-server"));
    for (const name of ["tokyo2-web", "tokyo2-web-2"])
      expect(at(`${name}-publisher-run`)).toBeLessThan(at(`${name}-web-server-run`));
  });

  it("run every step again after a resize, so that the next one waits until the first serves again", async () => {
    const two = async (flavor: string) => (await plan({ "webServer.count": 2, "webServer.flavor": flavor })).resources;
    const before = await two("m1.small");
    const after = await two("m1.medium");
    const changed = after.filter((one, index) => !isDeepStrictEqual(one, before[index]));
    const steps = of(after, "remote:Command");
    expect(steps.length).toBeGreaterThan(10);
    expect(changed).toEqual([...steps, ...of(after, "Instance")]);
  });

  it("have one login, one firewall, and upload gateways that show one host key", async () => {
    const accounts = [{ name: "kim", courses: ["pi"], keys: ["ssh-ed25519 AAAA kim"] }];
    const uploadGateway = { allowedFrom: ["0.0.0.0/0"], accounts };
    const { resources } = await plan({ "webServer.count": 2, uploadGateway });
    expect(of(resources, "SecGroup")).toHaveLength(1);
    expect(resources.filter(({ type }) => type === "command:local:Command").map(({ name }) => name)).toEqual([
      "tokyo2-web-2-host-key-generate",
      "tokyo2-web-host-key-generate",
      "tokyo2-web-login-key-generate",
      "tokyo2-web-upload-gateway-host-key-generate",
    ]);
    expect(of(resources, "UploadGateway")).toHaveLength(2);
  });
});

describe("an archive", () => {
  it("is beside each course's container, which depends on it, and kept like that", async () => {
    const { resources, order } = await planOf(parseConfig(rawConfig("tokyo2", { archive: true })));
    const inputsOf = (name: string) => resources.find((one) => one.name === name)?.inputs;
    expect(inputsOf("tokyo2-content-pi-archive")).toEqual({
      name: "pi-archive",
      metadata: { Course: "pi", Role: "archive" },
      forceDestroy: false,
    });
    expect(inputsOf("tokyo2-content-pi")).toMatchObject({
      versioningLegacy: { type: "history", location: "pi-archive" },
    });
    expect(order.indexOf("tokyo2-content-pi-archive")).toBeLessThan(order.indexOf("tokyo2-content-pi"));
  });
});

describe("a mirror", () => {
  const from = {
    authType: "v1password",
    authUrl: "http://store.example.org:8443/auth/v1.0",
    username: "SL1-2:SL1",
    apiKey: PLACEHOLDER,
  };

  it("has a step of its own, a way to its source, and shows no secret", async () => {
    const { resources, outputs } = await planOf(parseConfig(rawConfig("tokyo2", { mirror: { from } })));
    const names = resources.map(({ name }) => name);
    expect(names).toContain("tokyo2-web-content-mirror-run");
    expect(names).toContain("tokyo2-web-firewall-egress-tcp-8443");
    expect(JSON.stringify(resources)).not.toContain(PLACEHOLDER);
    expect(outputs.mirrorOf).toBe(from.authUrl);
  });
});

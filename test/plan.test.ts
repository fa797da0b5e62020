import { describe, expect, it, vi } from "vitest";
import { parseConfig } from "../config/parse";
import { type PlannedResource, planOf } from "./support/plan";
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

  it("is left to what stands in front, where there is no authority", async () => {
    const { resources, outputs } = await plan({ authority: "none" });
    expect(named(resources).filter((name) => /443|certificate/.test(name))).toEqual([
      "tokyo2-web-firewall-egress-tcp-443",
    ]);
    expect(outputs.siteUrl).toBe("http://courses.example.org/");
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
        address: "198.51.100.8",
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

  it("have one login, one firewall, and upload gateways that show one host key", async () => {
    const accounts = [{ name: "kim", courses: ["pi"], keys: ["ssh-ed25519 AAAA kim"] }];
    const uploadGateway = { allowedFrom: ["0.0.0.0/0"], accounts };
    const { resources } = await plan({ "webServer.count": 2, uploadGateway });
    expect(of(resources, "Keypair")).toHaveLength(1);
    expect(of(resources, "SecGroup")).toHaveLength(1);
    expect(of(resources, "Key").map(({ name }) => name)).toEqual([
      "tokyo2-web-2-host-key",
      "tokyo2-web-host-key",
      "tokyo2-web-login-key",
      "tokyo2-web-upload-gateway-host-key",
    ]);
    expect(of(resources, "UploadGateway")).toHaveLength(2);
  });
});

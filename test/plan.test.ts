import { describe, expect, it, vi } from "vitest";
import { parseConfig } from "../config/parse";
import { planOf } from "./support/plan";
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

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../config/parse";
import type { StackConfig } from "../config/schema";
import { PreflightError, preflight } from "../preflight/preflight";
import { PLACEHOLDER, rawConfig } from "./support/stack";

/** Answers like Keystone, Nova, Glance, Neutron and Swift, as far as names and sign-ins go. */
class FakeCloud {
  computeRefuses = false;
  storeRefuses = false;
  hasDns = true;
  /** Whether its services excuse themselves by a page. */
  excuse = false;
  moreImages: string[] = [];
  features: Record<string, unknown> | undefined = { versioned_writes: {} };
  readonly server: Server = createServer((request, response) => {
    const url = request.url ?? "";
    const base = `http://${request.headers.host}`;
    const json = (status: number, body: unknown, headers = {}) =>
      response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
    request.resume();
    if (this.excuse && url !== "/v3/auth/tokens") {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Back soon</h1>");
      return;
    }
    if (url === "/v3/auth/tokens") {
      if (this.computeRefuses) return json(401, {});
      const endpoint = (type: string, path: string) => ({
        type,
        endpoints: [{ interface: "public", region_id: "dev", url: base + path }],
      });
      const catalog = [
        ...(this.hasDns ? [endpoint("dns", "/dns")] : []),
        endpoint("compute", "/compute/v2.1"),
        endpoint("image", "/image"),
        endpoint("network", "/network/"),
      ];
      return json(201, { token: { catalog } }, { "X-Subject-Token": "token" });
    }
    if (url === "/compute/v2.1/flavors") return json(200, { flavors: named("m1.small", "m1.medium") });
    if (url.startsWith("/image/v2/images")) return json(200, { images: named("debian-12-web", ...this.moreImages) });
    if (url.startsWith("/network/v2.0/networks")) return json(200, { networks: named("public") });
    if (url.startsWith("/dns/v2/zones")) return json(200, { zones: named("example.org.") });
    if (url === "/auth/v1.0") {
      if (this.storeRefuses) return json(401, {});
      return json(200, {}, { "X-Auth-Token": "token", "X-Storage-Url": `${base}/v1/A` });
    }
    if (url.startsWith("/v1/A")) return json(200, []);
    if (url === "/info" && this.features) return json(200, this.features);
    return json(404, {});
  });

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  config(changes: Record<string, unknown> = {}): StackConfig {
    const base = `http://127.0.0.1:${this.port}`;
    return parseConfig(
      rawConfig("dev", { "objectStore.authUrl": `${base}/auth/v1.0`, "compute.authUrl": `${base}/v3`, ...changes }),
    );
  }
}

/** As a cloud lists what it has. */
const named = (...names: string[]) => names.map((name) => ({ id: `id-of-${name}`, name }));

async function problemsOf(config: StackConfig): Promise<string[]> {
  try {
    await preflight(config);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(PreflightError);
    expect((error as Error).message).not.toContain(PLACEHOLDER);
    return (error as PreflightError).problems;
  }
}

describe("preflight", () => {
  let cloud: FakeCloud;
  beforeEach(async () => {
    cloud = new FakeCloud();
    await new Promise<void>((resolve) => cloud.server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => void cloud.server.close());

  it("lets a good configuration pass", async () => {
    expect(await problemsOf(cloud.config())).toEqual([]);
  });

  it("names what is not there and what is", async () => {
    const problems = await problemsOf(
      cloud.config({
        "webServer.flavor": "m1.smal",
        "webServer.image": "debian-11",
        "network.floatingIpPool": "publik",
      }),
    );
    expect(problems).toEqual([
      'xwmooc:webServer.flavor "m1.smal" is not there; there are: m1.medium, m1.small',
      'xwmooc:webServer.image "debian-11" is not there; there are: debian-12-web',
      'xwmooc:network.floatingIpPool "publik" is not there; there are: public',
    ]);
  });

  it("gives the IDs of what resources refer to", async () => {
    expect(await preflight(cloud.config())).toEqual({ network: "id-of-public", dnsZone: undefined });
    const dns = { zone: "example.org" };
    const { dnsZone } = await preflight(cloud.config({ "webServer.domain": "www.example.org", dns }));
    expect(dnsZone).toBe("id-of-example.org.");
  });

  it("names what is there twice", async () => {
    cloud.moreImages = ["debian-12-web"];
    expect(await problemsOf(cloud.config())).toEqual([
      'xwmooc:webServer.image "debian-12-web" is there 2 times: rename one, or name another',
    ]);
  });

  it("names the zones that are there, and a cloud without a DNS service", async () => {
    const withDns = (dns: object) => problemsOf(cloud.config({ "webServer.domain": "www.example.net", dns }));
    expect(await withDns({ zone: "example.net" })).toEqual([
      'xwmooc:dns.zone "example.net" is not there; there are: example.org',
    ]);
    const made = { zone: "example.net", create: true, email: "hostmaster@example.net" };
    expect(await withDns(made)).toEqual([]);
    cloud.hasDns = false;
    expect(await withDns(made)).toEqual(['xwmooc:compute: the service catalogue has no public "dns" endpoint']);
  });

  it("names a load balancer that the cloud does not have", async () => {
    expect(await problemsOf(cloud.config({ "webServer.loadBalancer": "octavia" }))).toEqual([
      'xwmooc:webServer.loadBalancer "octavia" is not there: this cloud has no load balancer; use "none"',
    ]);
  });

  it("names an archive in a store that keeps no former versions, where it tells", async () => {
    cloud.features = { slo: {} };
    expect(await problemsOf(cloud.config({ archive: false }))).toEqual([]);
    expect(await problemsOf(cloud.config({ archive: true }))).toEqual([
      expect.stringMatching(/^xwmooc:archive is of no use: this store lacks versioned_writes .*; leave it out$/),
    ]);
    cloud.features = undefined;
    expect(await problemsOf(cloud.config({ archive: true }))).toEqual([]);
  });

  it("tells wrong credentials of the store and of the compute side apart", async () => {
    cloud.storeRefuses = true;
    expect(await problemsOf(cloud.config())).toEqual([expect.stringMatching(/^xwmooc:objectStore: .*refused/)]);
    cloud.storeRefuses = false;
    cloud.computeRefuses = true;
    expect(await problemsOf(cloud.config())).toEqual([
      expect.stringMatching(/^xwmooc:compute: Keystone at .* refused the credentials/),
    ]);
  });

  it("names an auth URL that can't be reached, of either side", async () => {
    const nowhere = "http://127.0.0.1:9";
    expect(await problemsOf(cloud.config({ "objectStore.authUrl": `${nowhere}/auth/v1.0` }))).toEqual([
      expect.stringMatching(/^xwmooc:objectStore: .*127\.0\.0\.1:9/),
    ]);
    expect(await problemsOf(cloud.config({ "compute.authUrl": `${nowhere}/v3` }))).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 can't be reached .*check xwmooc:compute\.authUrl/),
    ]);
  });

  it("names a service that answers with a page", async () => {
    cloud.excuse = true;
    expect((await problemsOf(cloud.config())).join("\n")).toMatch(
      /xwmooc:compute: \S+ answered HTTP 200 with something else than JSON: try again later/,
    );
  });

  it("names the regions of the catalogue", async () => {
    expect(await problemsOf(cloud.config({ "compute.region": "moon" }))).toEqual([
      'xwmooc:compute.region "moon" is not in the service catalogue; regions: dev',
    ]);
  });
});

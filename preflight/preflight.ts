import { swiftCredentials } from "../components/hostFiles";
import type { StackConfig } from "../config/schema";
import { Cloud, CloudError, list, type Named } from "../openstack/cloud";
import { SwiftClient } from "../swift/client";
import { SwiftError } from "../swift/errors";

/** What a stack's clouds have to say against its configuration. */
export class PreflightError extends Error {
  constructor(readonly problems: string[]) {
    super(
      ["The clouds do not have what the configuration asks for:", ...problems.map((problem) => `  - ${problem}`)].join(
        "\n",
      ),
    );
    this.name = "PreflightError";
  }
}

/** The cloud's own IDs of what the configuration names, and resources refer to. */
export interface CloudIds {
  /** Of the network that the servers are in (`network.existing`), or that the stack's router leads to (`network.create`). */
  network: string;
  /** Of the zone of `dns`; undefined where the stack makes it, or has none. */
  dnsZone: string | undefined;
}

/**
 * Asks both clouds, before any resource is touched, whether the credentials open them and the named things exist:
 * providers would find out one by one, later, and without the names that do exist.
 * @throws PreflightError with every problem.
 */
export async function preflight(config: StackConfig): Promise<CloudIds> {
  const [storeProblems, compute] = await Promise.all([objectStoreProblems(config), askCompute(config)]);
  const problems = [...storeProblems, ...compute.problems];
  if (problems.length > 0 || compute.ids === undefined) throw new PreflightError(problems);
  return compute.ids;
}

async function objectStoreProblems({ objectStore, archive }: StackConfig): Promise<string[]> {
  try {
    const client = new SwiftClient(swiftCredentials(objectStore));
    await client.listContainers();
    // A store without it takes the header that asks for it, and keeps nothing.
    const features = archive ? await client.features() : undefined;
    return features && !("versioned_writes" in features)
      ? ["xwmooc:archive is of no use: this store lacks versioned_writes and keeps no former versions; leave it out"]
      : [];
  } catch (error) {
    if (error instanceof SwiftError) return [`xwmooc:objectStore: ${error.message}`];
    throw error;
  }
}

async function askCompute(config: StackConfig): Promise<{ problems: string[]; ids?: CloudIds }> {
  const { webServer, network, dns } = config;
  try {
    const cloud = await Cloud.signIn(config.compute);
    const externalNetworks = cloud.networks(true);
    const externalNetwork = network.create?.externalNetwork;
    const [flavor, image, stackNetwork, pool, zone] = await Promise.all([
      find("webServer.flavor", webServer.flavor, cloud.flavors()),
      find("webServer.image", webServer.image, cloud.images()),
      network.existing
        ? find("network.existing", network.existing, cloud.networks())
        : find("network.create.externalNetwork", externalNetwork, externalNetworks),
      find("network.floatingIpPool", network.floatingIpPool, externalNetworks),
      // A zone to be made needs the service all the same.
      dns && find("dns.zone", dns.create ? undefined : dns.zone, cloud.zones()),
    ]);
    const problems = [flavor, image, stackNetwork, pool, zone].flatMap((found) => found?.problem ?? []);
    if (webServer.loadBalancer === "octavia" && !cloud.has("load-balancer"))
      problems.push(
        'xwmooc:webServer.loadBalancer "octavia" is not there: this cloud has no load balancer; use "none"',
      );
    return { problems, ...(stackNetwork.id && { ids: { network: stackNetwork.id, dnsZone: zone?.id } }) };
  } catch (error) {
    if (error instanceof CloudError) return { problems: [error.message] };
    throw error;
  }
}

/** Finds what a key names, if it names anything. */
async function find(
  key: string,
  name: string | undefined,
  all: Promise<Named[]>,
): Promise<{ id?: string; problem?: string }> {
  const there = await all;
  if (name === undefined) return {};
  const [found, ...others] = there.filter((one) => one.name === name);
  if (found === undefined)
    return { problem: `xwmooc:${key} "${name}" is not there; there are: ${list(there.map((one) => one.name))}` };
  if (others.length > 0)
    return { problem: `xwmooc:${key} "${name}" is there ${others.length + 1} times: rename one, or name another` };
  return { id: found.id };
}

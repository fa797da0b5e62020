import { swiftCredentials } from "../components/hostFiles";
import type { StackConfig } from "../config/schema";
import { Cloud, CloudError, list } from "../openstack/cloud";
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

/**
 * Asks both clouds, before any resource is touched, whether the credentials open them and the named things exist:
 * providers would find out one by one, later, and without the names that do exist.
 * @throws PreflightError with every problem.
 */
export async function preflight(config: StackConfig): Promise<void> {
  const problems = (await Promise.all([objectStoreProblems(config), computeProblems(config)])).flat();
  if (problems.length > 0) throw new PreflightError(problems);
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

async function computeProblems(config: StackConfig): Promise<string[]> {
  const { webServer, network, dns } = config;
  try {
    const cloud = await Cloud.signIn(config.compute);
    const externalNetworks = cloud.networks(true);
    const problems = await Promise.all([
      missing("webServer.flavor", webServer.flavor, cloud.flavors()),
      missing("webServer.image", webServer.image, cloud.images()),
      ...(network.existing ? [missing("network.existing", network.existing, cloud.networks())] : []),
      missing("network.create.externalNetwork", network.create?.externalNetwork, externalNetworks),
      missing("network.floatingIpPool", network.floatingIpPool, externalNetworks),
      // A zone to be made needs the service all the same.
      ...(dns ? [missing("dns.zone", dns.create ? undefined : dns.zone, cloud.zones())] : []),
    ]);
    if (webServer.loadBalancer === "octavia" && !cloud.has("load-balancer"))
      problems.push([
        'xwmooc:webServer.loadBalancer "octavia" is not there: this cloud has no load balancer; use "none"',
      ]);
    return problems.flat();
  } catch (error) {
    if (error instanceof CloudError) return [error.message];
    throw error;
  }
}

async function missing(key: string, name: string | undefined, names: Promise<string[]>): Promise<string[]> {
  const there = await names;
  if (name === undefined || there.includes(name)) return [];
  return [`xwmooc:${key} "${name}" is not there; there are: ${list(there)}`];
}

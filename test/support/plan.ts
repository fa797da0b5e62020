import * as pulumi from "@pulumi/pulumi";
import { Datacenter } from "../../components/datacenter";
import { declareProviders } from "../../components/providers";
import type { StackConfig } from "../../config/schema";

/** One declared resource. */
export interface PlannedResource {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Replaces what the engine would encrypt by `[secret]`, so that a plan shows what is secret and never its value. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
}

/** Declares a datacenter against mocks and gives every resource it would register, sorted by name, and their names in the order of time. */
export async function planOf(
  config: StackConfig,
): Promise<{ resources: PlannedResource[]; order: string[]; outputs: Record<string, unknown> }> {
  const resources: PlannedResource[] = [];
  const outputs = await declare(config, ({ inputs, ...one }) => {
    resources.push({ ...one, inputs: masked(inputs) as Record<string, unknown> });
  });
  const order = resources.map(({ name }) => name);
  resources.sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
  return { resources, order, outputs };
}

/** What preflight would have found. */
const KNOWN = { network: "known-network", dnsZone: "known-zone" };

/**
 * Declares a datacenter against mocks.
 * @param onResource gets each resource as the engine would; a secret is an object with Pulumi's signature
 * @returns its outputs
 */
export async function declare(
  config: StackConfig,
  onResource: (resource: PlannedResource) => void,
  opts?: pulumi.ComponentResourceOptions,
): Promise<Record<string, unknown>> {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id }) => {
        onResource({ type, name, inputs });
        return { id: id || `${name}-id`, state: { ...inputs, ...computed(type, name) } };
      },
      call: ({ token }) => {
        throw new Error(`${token}: what the program has to ask a cloud for, preflight has asked already`);
      },
    },
    "xwmooc",
    config.region,
    true,
  );
  const { outputs } = new Datacenter(
    config.region,
    config,
    declareProviders(config.region, config),
    Promise.resolve(KNOWN),
    opts,
  );
  const resolved = await new Promise<Record<string, unknown>>((resolve) => {
    pulumi.output(outputs).apply((value) => resolve(value as unknown as Record<string, unknown>));
  });
  await pulumi.runtime.disconnect();
  return resolved;
}

function computed(type: string, name: string): Record<string, unknown> {
  switch (type) {
    case "command:local:Command":
      return { stdout: `PRIVATE KEY of ${name}\nssh-ed25519 PUBLIC-KEY-OF-${name}`, stderr: "" };
    case "openstack:networking/floatingIp:FloatingIp":
      return { address: name.includes("balancer") ? "198.51.100.9" : "198.51.100.7" };
    case "openstack:compute/instance:Instance":
      return { accessIpV4: "192.0.2.7" };
    case "openstack:networking/port:Port":
      return { allFixedIps: ["2001:db8::7", "192.0.2.7"] };
    case "openstack:loadbalancer/loadBalancer:LoadBalancer":
      return { vipAddress: "192.0.2.9", vipPortId: `${name}-vip-port` };
    default:
      return {};
  }
}

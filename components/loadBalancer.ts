import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";
import type { Place } from "./webServers";

/** What {@link LoadBalancer} needs. */
export interface LoadBalancerArgs {
  /** ID of the network that the servers are in. */
  networkId: pulumi.Input<string>;
  /** Where the balancer's own address comes from. Default: it has the one in the network. */
  floatingIpPool?: StackConfig["network"]["floatingIpPool"];
  /** TCP ports that are passed on as they come: what is encrypted stays so up to the server. */
  ports: number[];
  /** Those that visitors are spread over. */
  servers: readonly Place[];
}

/** One address for several web servers, by Octavia: whoever does not answer is left out. */
export class LoadBalancer extends pulumi.ComponentResource {
  /** Address that visitors reach. */
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:network:LoadBalancer", name, {}, opts);
    const child = { parent: this };
    const balancer = new openstack.loadbalancer.LoadBalancer(name, { name, vipNetworkId: args.networkId }, child);
    for (const port of args.ports) this.pass(`${name}-${port}`, port, balancer, args.servers);
    this.address = args.floatingIpPool ? this.floatingIp(name, args.floatingIpPool, balancer) : balancer.vipAddress;
    this.registerOutputs({ address: this.address });
  }

  /** Passes one port on. */
  private pass(
    name: string,
    port: number,
    balancer: openstack.loadbalancer.LoadBalancer,
    servers: LoadBalancerArgs["servers"],
  ): void {
    const child = { parent: this };
    const listener = new openstack.loadbalancer.Listener(
      name,
      { name, loadbalancerId: balancer.id, protocol: "TCP", protocolPort: port },
      child,
    );
    const pool = new openstack.loadbalancer.Pool(
      `${name}-pool`,
      { name, listenerId: listener.id, protocol: "TCP", lbMethod: "LEAST_CONNECTIONS" },
      child,
    );
    // A server without a certificate yet does not listen at port 443.
    new openstack.loadbalancer.Monitor(
      `${name}-monitor`,
      { name, poolId: pool.id, type: "TCP", delay: 5, timeout: 4, maxRetries: 2 },
      child,
    );
    for (const server of servers) {
      new openstack.loadbalancer.Member(
        `${name}-member-${server.name}`,
        { name: server.name, poolId: pool.id, address: server.fixedAddress, protocolPort: port },
        child,
      );
    }
  }

  private floatingIp(
    name: string,
    pool: string,
    { vipPortId }: openstack.loadbalancer.LoadBalancer,
  ): pulumi.Output<string> {
    const floating = new openstack.networking.FloatingIp(`${name}-address`, { pool }, { parent: this });
    const attached = new openstack.networking.FloatingIpAssociate(
      `${name}-address-attachment`,
      { floatingIp: floating.address, portId: vipPortId },
      { parent: this },
    );
    return attached.floatingIp;
  }
}

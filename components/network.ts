import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";

/** What {@link Network} needs: an existing network's name, or how to make one. */
export type NetworkArgs = Pick<StackConfig["network"], "existing" | "create">;

/** The network of the web server: an existing one, or network, subnet and router of the stack's own. */
export class Network extends pulumi.ComponentResource {
  /** ID of the network, known to be usable (a router of our own is connected). */
  readonly networkId: pulumi.Output<string>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:network:Network", name, {}, opts);
    this.networkId = args.create ? this.create(name, args.create) : this.lookUp(args.existing ?? "", false);
    this.registerOutputs({ networkId: this.networkId });
  }

  private create(name: string, args: NonNullable<NetworkArgs["create"]>): pulumi.Output<string> {
    const child = { parent: this };
    const network = new openstack.networking.Network(name, { name, adminStateUp: true }, child);
    const subnet = new openstack.networking.Subnet(
      `${name}-subnet`,
      {
        name: `${name}-subnet`,
        networkId: network.id,
        cidr: args.cidr,
        ipVersion: 4,
        dnsNameservers: args.dnsNameservers,
      },
      child,
    );
    const router = new openstack.networking.Router(
      `${name}-router`,
      { name: `${name}-router`, adminStateUp: true, externalNetworkId: this.lookUp(args.externalNetwork, true) },
      child,
    );
    const routed = new openstack.networking.RouterInterface(
      `${name}-router-interface`,
      { routerId: router.id, subnetId: subnet.id },
      child,
    );
    // A floating IP can be attached only once the router leads to the subnet.
    return pulumi.all([network.id, routed.id]).apply(([id]) => id);
  }

  private lookUp(networkName: string, external: boolean): pulumi.Output<string> {
    const found = openstack.networking.getNetworkOutput(
      { name: networkName, ...(external && { external }) },
      { parent: this },
    );
    return found.id;
  }
}

import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";

/** What {@link Network} needs. */
export interface NetworkArgs {
  /** How to make a network; undefined where there is one. */
  create?: StackConfig["network"]["create"];
  /** ID of the one that is there, or of the external network that the router of the new one leads to. */
  knownId: pulumi.Input<string>;
}

/** The network of the web server: an existing one, or network, subnet and router of the stack's own. */
export class Network extends pulumi.ComponentResource {
  /** ID of the network, known to be usable (a router of our own is connected). */
  readonly networkId: pulumi.Output<string>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:network:Network", name, {}, opts);
    this.networkId = args.create ? this.create(name, args.create, args.knownId) : pulumi.output(args.knownId);
    this.registerOutputs({ networkId: this.networkId });
  }

  private create(
    name: string,
    args: NonNullable<NetworkArgs["create"]>,
    externalNetworkId: pulumi.Input<string>,
  ): pulumi.Output<string> {
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
      { name: `${name}-router`, adminStateUp: true, externalNetworkId },
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
}

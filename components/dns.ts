import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";

/** What {@link Dns} needs. */
export interface DnsArgs extends NonNullable<StackConfig["dns"]> {
  /** Full names within the zone, without the dot at their end. */
  names: string[];
  /** ID of the zone; not needed where it is made. */
  knownZoneId: pulumi.Input<string | undefined>;
  /** IPv4 addresses that each of them leads to. */
  addresses: pulumi.Input<string>[];
}

/** The zone of the domain in OpenStack's DNS service (Designate), and its records. */
export class Dns extends pulumi.ComponentResource {
  constructor(name: string, args: DnsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:dns:Dns", name, {}, opts);
    const child = { parent: this };
    const zone = `${args.zone}.`;
    const zoneId = args.create
      ? new openstack.dns.Zone(
          name,
          {
            name: zone,
            type: "PRIMARY",
            ttl: args.ttl,
            description: "courses",
            ...(args.email && { email: args.email }),
          },
          child,
        ).id
      : pulumi.output(args.knownZoneId).apply((id) => id ?? "");
    for (const record of args.names) {
      new openstack.dns.RecordSet(
        `${name}-${record}`,
        { zoneId, name: `${record}.`, type: "A", ttl: args.ttl, records: args.addresses, description: "web server" },
        child,
      );
    }
    this.registerOutputs({});
  }
}

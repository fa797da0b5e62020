import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";

/** Traffic that one rule lets through. */
export interface Rule {
  /** Who starts the connection: `ingress` the outside, `egress` the server. */
  direction: "ingress" | "egress";
  /** Transport protocol. */
  protocol: "tcp" | "udp";
  /** The destination port, or the first of several. */
  port: number;
  /**
   * The last of several.
   * @default the one
   */
  lastPort?: number;
  /**
   * The other side, an IPv4 network.
   * @default 0.0.0.0/0
   */
  remote?: string;
  /** What the rule is for, shown by the cloud's dashboard. */
  description: string;
}

/** What {@link SecurityGroup} needs. */
export interface SecurityGroupArgs {
  /** Everything that may pass; all else is dropped. */
  rules: Rule[];
}

/** A security group that lets through what its rules name and nothing else. */
export class SecurityGroup extends pulumi.ComponentResource {
  /** ID of the group. */
  readonly groupId: pulumi.Output<string>;

  constructor(name: string, args: SecurityGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:network:SecurityGroup", name, {}, opts);
    const group = new openstack.networking.SecGroup(
      name,
      // OpenStack gives every new group rules that let all egress pass.
      { name, description: "xwmooc course sites", deleteDefaultRules: true },
      { parent: this },
    );
    for (const rule of args.rules) {
      const remote = rule.remote ?? "0.0.0.0/0";
      new openstack.networking.SecGroupRule(
        `${name}-${rule.direction}-${rule.protocol}-${portsOf(rule)}${rule.remote ? `-${remote.replace("/", "-")}` : ""}`,
        {
          securityGroupId: group.id,
          direction: rule.direction,
          ethertype: "IPv4",
          protocol: rule.protocol,
          portRangeMin: rule.port,
          portRangeMax: rule.lastPort ?? rule.port,
          remoteIpPrefix: remote,
          description: rule.description,
        },
        // Another description makes another rule, and Neutron takes none that lets through the same as one that is there.
        { parent: this, deleteBeforeReplace: true },
      );
    }
    this.groupId = group.id;
    this.registerOutputs({ groupId: this.groupId });
  }
}

function portsOf({ port, lastPort }: Rule): string {
  return lastPort === undefined || lastPort === port ? `${port}` : `${port}-${lastPort}`;
}

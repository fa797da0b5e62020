import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";
import { cloudInit } from "./cloudInit";
import { Network } from "./network";
import type { SshConnection } from "./remoteScript";
import { type Rule, SecurityGroup } from "./securityGroup";
import { SshKey } from "./sshKey";

/** What {@link WebServer} needs. */
export interface WebServerArgs extends Pick<StackConfig["webServer"], "flavor" | "image" | "sshUser" | "sshFrom"> {
  /** Where the server is attached and whether it gets a floating IP. */
  network: Pick<StackConfig["network"], "existing" | "create" | "floatingIpPool">;
  /** TCP ports that services on the server reach outside. */
  egressTcpPorts: number[];
  /**
   * What else may reach the server.
   * @default visitors at port 80, and administration
   */
  ingress?: Rule[];
}

/** The VM that publishes the courses, with its network, firewall, keys and address. */
export class WebServer extends pulumi.ComponentResource {
  /** ID of the Nova server; another one after a replacement. */
  readonly serverId: pulumi.Output<string>;
  /** Address that visitors and Pulumi reach. */
  readonly address: pulumi.Output<string>;
  /** The way in for Pulumi: user, private key and pinned host key. */
  readonly connection: SshConnection;
  /** What the firewall lets through. */
  readonly rules: Rule[];
  /** The Nova server itself, for `deletedWith`. */
  readonly server: openstack.compute.Instance;

  constructor(name: string, args: WebServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:compute:WebServer", name, {}, opts);
    const child = { parent: this };
    const loginKey = new SshKey(`${name}-login-key`, child);
    const hostKey = new SshKey(`${name}-host-key`, child);
    const network = new Network(`${name}-network`, args.network, child);
    this.rules = firewallRules(args);
    const firewall = new SecurityGroup(`${name}-firewall`, { rules: this.rules }, child);
    const keypair = new openstack.compute.Keypair(`${name}-keypair`, { name, publicKey: loginKey.publicKey }, child);
    const port = new openstack.networking.Port(
      `${name}-port`,
      { name, networkId: network.networkId, securityGroupIds: [firewall.groupId], adminStateUp: true },
      child,
    );
    this.server = new openstack.compute.Instance(
      `${name}-server`,
      {
        name,
        flavorName: args.flavor,
        imageName: args.image,
        keyPair: keypair.name,
        networks: [{ port: port.id }],
        userData: pulumi.secret(
          pulumi
            .all([hostKey.privateKey, hostKey.publicKey])
            .apply(([hostPrivateKey, hostPublicKey]) => cloudInit({ hostPrivateKey, hostPublicKey })),
        ),
        configDrive: true,
        metadata: { project: pulumi.getProject(), stack: pulumi.getStack(), role: "web" },
      },
      {
        parent: this,
        // The port and the address move on to the successor, so the old server has to go first.
        deleteBeforeReplace: true,
        // The provider would rebuild it under its old ID: an empty server that no step is run on again.
        replaceOnChanges: ["imageName"],
        customTimeouts: { create: "20m" },
      },
    );
    this.serverId = this.server.id;
    this.address = args.network.floatingIpPool
      ? this.floatingIp(name, args.network.floatingIpPool, port)
      : this.server.accessIpV4;
    this.connection = {
      host: this.address,
      user: args.sshUser,
      privateKey: loginKey.privateKey,
      hostKey: hostKey.publicKey,
    };
    this.registerOutputs({ address: this.address, serverId: this.serverId });
  }

  private floatingIp(name: string, pool: string, port: openstack.networking.Port): pulumi.Output<string> {
    const floating = new openstack.networking.FloatingIp(`${name}-address`, { pool }, { parent: this });
    const attached = new openstack.networking.FloatingIpAssociate(
      `${name}-address-attachment`,
      { floatingIp: floating.address, portId: port.id },
      { parent: this, dependsOn: [this.server] },
    );
    return attached.floatingIp;
  }
}

function firewallRules(args: WebServerArgs): Rule[] {
  return [
    ...args.sshFrom.map(
      (remote): Rule => ({ direction: "ingress", protocol: "tcp", port: 22, remote, description: "administration" }),
    ),
    { direction: "ingress", protocol: "tcp", port: 80, description: "visitors" },
    ...(args.ingress ?? []),
    { direction: "egress", protocol: "udp", port: 53, description: "DNS" },
    { direction: "egress", protocol: "tcp", port: 53, description: "DNS" },
    { direction: "egress", protocol: "udp", port: 123, description: "NTP" },
    ...[...new Set([80, 443, ...args.egressTcpPorts])].map(
      (port): Rule => ({ direction: "egress", protocol: "tcp", port, description: "packages, object store" }),
    ),
  ];
}

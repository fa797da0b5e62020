import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";
import { cloudInit } from "./cloudInit";
import { Network, type NetworkArgs } from "./network";
import type { SshConnection } from "./remoteScript";
import { type Rule, SecurityGroup } from "./securityGroup";
import { SshKey } from "./sshKey";

/** What {@link WebServers} needs. */
export interface WebServersArgs
  extends Pick<StackConfig["webServer"], "count" | "flavor" | "image" | "sshUser" | "sshFrom"> {
  /** Where the servers are attached and whether they get floating IPs. */
  network: NetworkArgs & Pick<StackConfig["network"], "floatingIpPool">;
  /** TCP ports that services on the servers reach outside. */
  egressTcpPorts: number[];
  /**
   * What else may reach the servers.
   * @default visitors at port 80, and administration
   */
  ingress?: Rule[];
}

/** Where a server is: there before it is booted, and still when it is replaced. */
export interface Place {
  /** The server's name in the cloud, and the beginning of its resources' names. */
  name: string;
  /** Address that visitors reach. */
  publicAddress: pulumi.Output<string>;
  /** IPv4 address in the network of the servers. */
  fixedAddress: pulumi.Output<string>;
}

/** One VM that publishes the courses. */
export interface WebServer extends Place {
  /** The Nova server itself, for `deletedWith`. */
  server: openstack.compute.Instance;
  /** ID of the Nova server; another one after a replacement. */
  serverId: pulumi.Output<string>;
  /** Its flavor by name; the same server has another one after a resize. */
  flavor: string;
  /** The public address, once the server is there at it. */
  address: pulumi.Output<string>;
  /** Addresses of the other servers in their network. */
  siblings: pulumi.Output<string>[];
  /** The way in for Pulumi: user, private key and pinned host key. */
  connection: SshConnection;
  /** What the firewall lets through. */
  rules: Rule[];
}

/** A place, with what its server is booted with. */
interface PreparedPlace extends Place {
  port: openstack.networking.Port;
  hostKey: SshKey;
  userData: pulumi.Output<string>;
}

/** The VMs that publish the courses, each by itself, with what they share: network, firewall and login. */
export class WebServers extends pulumi.ComponentResource {
  /** At least one. */
  readonly places: readonly [Place, ...Place[]];
  /** ID of the network that all are in. */
  readonly networkId: pulumi.Output<string>;
  private readonly prepared: readonly PreparedPlace[];
  private readonly rules: Rule[];
  private readonly loginKey: SshKey;
  private readonly group: openstack.compute.ServerGroup | undefined;

  constructor(
    name: string,
    private readonly args: WebServersArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    // The type is part of each URN: it stays as it was when there was only one server.
    super("xwmooc:compute:WebServer", name, {}, opts);
    const child = { parent: this };
    this.loginKey = new SshKey(`${name}-login-key`, child);
    this.networkId = new Network(`${name}-network`, args.network, child).networkId;
    this.rules = firewallRules(args);
    const firewall = new SecurityGroup(`${name}-firewall`, { rules: this.rules }, child);
    if (args.count > 1)
      this.group = new openstack.compute.ServerGroup(
        `${name}-group`,
        { name, policies: ["soft-anti-affinity"] },
        child,
      );
    this.prepared = serverNames(name, args.count).map((one) => this.prepare(one, firewall));
    this.places = this.prepared as unknown as [Place, ...Place[]];
  }

  /**
   * Boots the servers.
   * @param provision sets a server up. The next one is made, or made anew, when what this returns is done: of several, one at a
   *   time is away.
   */
  boot(provision: (server: WebServer) => pulumi.Resource): [WebServer, ...WebServer[]] {
    const servers: WebServer[] = [];
    let before: pulumi.Resource[] = [];
    for (const place of this.prepared) {
      const server = this.bootOne(place, before);
      before = [provision(server)];
      servers.push(server);
    }
    const [first] = servers;
    this.registerOutputs({ address: first?.address, serverId: first?.serverId });
    return servers as [WebServer, ...WebServer[]];
  }

  private bootOne(place: PreparedPlace, before: pulumi.Resource[]): WebServer {
    const { name, publicAddress, fixedAddress, port, hostKey, userData } = place;
    const { flavor, image, sshUser } = this.args;
    const server = new openstack.compute.Instance(
      `${name}-server`,
      {
        name,
        flavorName: flavor,
        imageName: image,
        networks: [{ port: port.id }],
        userData,
        configDrive: true,
        metadata: { project: pulumi.getProject(), stack: pulumi.getStack(), role: "web" },
        ...(this.group && { schedulerHints: [{ group: this.group.id }] }),
      },
      {
        parent: this,
        dependsOn: before,
        // The port and the address move on to the successor, so the old server has to go first.
        deleteBeforeReplace: true,
        // The provider would rebuild it under its old ID: an empty server that no step is run on again.
        replaceOnChanges: ["imageName"],
        // Where a server runs is settled when it is made: a second one beside it is no reason to make the first anew.
        ignoreChanges: ["schedulerHints"],
        customTimeouts: { create: "20m" },
      },
    );
    const address = this.args.network.floatingIpPool ? this.attach(place, server) : server.accessIpV4;
    return {
      name,
      publicAddress,
      fixedAddress,
      server,
      serverId: server.id,
      flavor,
      address,
      siblings: this.places.filter((other) => other !== place).map((other) => other.fixedAddress),
      connection: { host: address, user: sshUser, privateKey: this.loginKey.privateKey, hostKey: hostKey.publicKey },
      rules: this.rules,
    };
  }

  private prepare(name: string, firewall: SecurityGroup): PreparedPlace {
    const child = { parent: this };
    const hostKey = new SshKey(`${name}-host-key`, child);
    const port = new openstack.networking.Port(
      `${name}-port`,
      { name, networkId: this.networkId, securityGroupIds: [firewall.groupId], adminStateUp: true },
      child,
    );
    const fixedAddress = port.allFixedIps.apply((all) => all.find((one) => !one.includes(":")) ?? "");
    const pool = this.args.network.floatingIpPool;
    const publicAddress = pool
      ? new openstack.networking.FloatingIp(`${name}-address`, { pool }, child).address
      : fixedAddress;
    const userData = pulumi.secret(
      pulumi
        .all([hostKey.privateKey, hostKey.publicKey, this.loginKey.publicKey])
        .apply(([hostPrivateKey, hostPublicKey, loginPublicKey]) =>
          cloudInit({ hostPrivateKey, hostPublicKey, loginPublicKey }),
        ),
    );
    return { name, port, hostKey, publicAddress, fixedAddress, userData };
  }

  /** @returns the public address, when it leads to the server */
  private attach(
    { name, port, publicAddress }: PreparedPlace,
    server: openstack.compute.Instance,
  ): pulumi.Output<string> {
    const attached = new openstack.networking.FloatingIpAssociate(
      `${name}-address-attachment`,
      { floatingIp: publicAddress, portId: port.id },
      { parent: this, dependsOn: [server] },
    );
    return attached.floatingIp;
  }
}

/** The first has the name of all, the others have their number behind it. */
function serverNames(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? name : `${name}-${index + 1}`));
}

function firewallRules(args: WebServersArgs): Rule[] {
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

import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";
import { cloudInit } from "./cloudInit";
import { Network } from "./network";
import type { SshConnection } from "./remoteScript";
import { type Rule, SecurityGroup } from "./securityGroup";
import { SshKey } from "./sshKey";

/** What {@link WebServers} needs. */
export interface WebServersArgs
  extends Pick<StackConfig["webServer"], "count" | "flavor" | "image" | "sshUser" | "sshFrom"> {
  /** Where the servers are attached and whether they get floating IPs. */
  network: Pick<StackConfig["network"], "existing" | "create" | "floatingIpPool">;
  /** TCP ports that services on the servers reach outside. */
  egressTcpPorts: number[];
  /**
   * What else may reach the servers.
   * @default visitors at port 80, and administration
   */
  ingress?: Rule[];
  /**
   * Sets a server up. The next server is made, or made anew, when this is done: of several, one at a time is away.
   * @returns what has to be done before the next one
   */
  provision: (server: WebServer) => pulumi.Resource;
}

/** One VM that publishes the courses. */
export interface WebServer {
  /** Its name in the cloud, and the beginning of its resources' names. */
  name: string;
  /** The Nova server itself, for `deletedWith`. */
  server: openstack.compute.Instance;
  /** ID of the Nova server; another one after a replacement. */
  serverId: pulumi.Output<string>;
  /** Address that visitors and Pulumi reach; it outlives the server. */
  address: pulumi.Output<string>;
  /** IPv4 address in the network of the servers; it outlives the server. */
  fixedAddress: pulumi.Output<string>;
  /** Those of the other servers. */
  siblings: pulumi.Output<string>[];
  /** The way in for Pulumi: user, private key and pinned host key. */
  connection: SshConnection;
  /** What the firewall lets through. */
  rules: Rule[];
}

/** What is there of a server before it is booted, and stays when it is replaced. */
interface Place extends Pick<WebServer, "name" | "fixedAddress"> {
  port: openstack.networking.Port;
  hostKey: SshKey;
  userData: pulumi.Output<string>;
}

/** The VMs that publish the courses, each by itself, with what they share: network, firewall and login. */
export class WebServers extends pulumi.ComponentResource {
  /** At least one. */
  readonly all: [WebServer, ...WebServer[]];
  /** ID of the network that all are in. */
  readonly networkId: pulumi.Output<string>;
  private readonly rules: Rule[];

  constructor(name: string, args: WebServersArgs, opts?: pulumi.ComponentResourceOptions) {
    // The type is part of each URN: it stays as it was when there was only one server.
    super("xwmooc:compute:WebServer", name, {}, opts);
    const child = { parent: this };
    const loginKey = new SshKey(`${name}-login-key`, child);
    this.networkId = new Network(`${name}-network`, args.network, child).networkId;
    this.rules = firewallRules(args);
    const firewall = new SecurityGroup(`${name}-firewall`, { rules: this.rules }, child);
    const keypair = new openstack.compute.Keypair(`${name}-keypair`, { name, publicKey: loginKey.publicKey }, child);
    const apart =
      args.count > 1 &&
      new openstack.compute.ServerGroup(`${name}-group`, { name, policies: ["soft-anti-affinity"] }, child);

    const places = serverNames(name, args.count).map((one) => this.place(one, firewall));
    const servers: WebServer[] = [];
    let before: pulumi.Resource[] = [];
    for (const place of places) {
      const server = new openstack.compute.Instance(
        `${place.name}-server`,
        {
          name: place.name,
          flavorName: args.flavor,
          imageName: args.image,
          keyPair: keypair.name,
          networks: [{ port: place.port.id }],
          userData: place.userData,
          configDrive: true,
          ...(apart && { schedulerHints: [{ group: apart.id }] }),
        },
        {
          parent: this,
          dependsOn: before,
          // The port and the address move on to the successor, so the old server has to go first.
          deleteBeforeReplace: true,
          // Where a server runs is settled when it is made: a second one beside it is no reason to make the first anew.
          ignoreChanges: ["schedulerHints"],
          customTimeouts: { create: "20m" },
        },
      );
      const address = args.network.floatingIpPool
        ? this.floatingIp(place, args.network.floatingIpPool, server)
        : server.accessIpV4;
      const webServer: WebServer = {
        name: place.name,
        server,
        serverId: server.id,
        address,
        fixedAddress: place.fixedAddress,
        siblings: places.filter((other) => other !== place).map((other) => other.fixedAddress),
        connection: {
          host: address,
          user: args.sshUser,
          privateKey: loginKey.privateKey,
          hostKey: place.hostKey.publicKey,
        },
        rules: this.rules,
      };
      before = [args.provision(webServer)];
      servers.push(webServer);
    }
    this.all = servers as [WebServer, ...WebServer[]];
    const [first] = this.all;
    this.registerOutputs({ address: first.address, serverId: first.serverId });
  }

  private place(name: string, firewall: SecurityGroup): Place {
    const child = { parent: this };
    const hostKey = new SshKey(`${name}-host-key`, child);
    const port = new openstack.networking.Port(
      `${name}-port`,
      { name, networkId: this.networkId, securityGroupIds: [firewall.groupId], adminStateUp: true },
      child,
    );
    return {
      name,
      port,
      hostKey,
      fixedAddress: port.allFixedIps.apply((all) => all.find((one) => !one.includes(":")) ?? ""),
      userData: pulumi.secret(
        pulumi
          .all([hostKey.privateKey, hostKey.publicKey])
          .apply(([hostPrivateKey, hostPublicKey]) => cloudInit({ hostPrivateKey, hostPublicKey })),
      ),
    };
  }

  private floatingIp({ name, port }: Place, pool: string, server: openstack.compute.Instance): pulumi.Output<string> {
    const floating = new openstack.networking.FloatingIp(`${name}-address`, { pool }, { parent: this });
    const attached = new openstack.networking.FloatingIpAssociate(
      `${name}-address-attachment`,
      { floatingIp: floating.address, portId: port.id },
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

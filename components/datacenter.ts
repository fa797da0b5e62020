import * as pulumi from "@pulumi/pulumi";
import { hasHttps, type StackConfig } from "../config/schema";
import type { CloudIds } from "../preflight/preflight";
import { Dns } from "./dns";
import { LoadBalancer } from "./loadBalancer";
import { ObjectStore } from "./objectStore";
import type { Providers } from "./providers";
import { Provisioning } from "./provisioning";
import type { Rule } from "./securityGroup";
import { courseLink, type DnsRecord, dnsRecords, siteNames } from "./siteNames";
import { uploadGatewayIngress } from "./uploadGateway";
import { type WebServer, WebServers } from "./webServers";

/** One of a stack's web servers, as `npm run ssh -- --server N` finds it. */
export interface ServerOutput {
  /** Its name in the cloud. */
  name: string;
  /** Public address. */
  address: string;
  /** Public host key, to be pinned. */
  sshHostKey: string;
}

/** What a stack tells about itself: `pulumi stack output`. What there is of each server is that of the first. */
export interface DatacenterOutputs {
  /** Start page. */
  siteUrl: pulumi.Output<string>;
  /** URL of each course, by name. */
  courseUrls: pulumi.Output<Record<string, string>>;
  /** Swift container of each course, by name. */
  containers: pulumi.Output<Record<string, string>>;
  /** Public address of the web server. */
  address: pulumi.Output<string>;
  /** Login user on the web server. */
  sshUser: string;
  /** Public host key of the web server, to be pinned. */
  sshHostKey: pulumi.Output<string>;
  /** Private key of the login user. Secret. */
  sshPrivateKey: pulumi.Output<string>;
  /** The command that opens a shell on the web server. */
  sshCommand: string;
  /** All web servers. */
  servers: pulumi.Output<ServerOutput[]>;
  /** Where authors upload, a URL for each protocol; only with an upload gateway. */
  uploadUrls?: pulumi.Output<string[]>;
  /** Public host key that the upload gateway's SFTP shows. */
  uploadHostKey?: pulumi.Output<string>;
  /** Sign-in URL of the object store that the content is copied from; only in a mirror. */
  mirrorOf?: string;
  /** What leads to the site: declared by the stack with `dns`, else to be created by hand; only with a domain. */
  dnsRecords?: pulumi.Output<DnsRecord[]>;
  /** Zone that the stack keeps these records in; only with `dns`. */
  dnsZone?: string;
}

/** A whole datacenter: the courses' containers and the web server that publishes them. */
export class Datacenter extends pulumi.ComponentResource {
  /** What the stack tells about itself. */
  readonly outputs: DatacenterOutputs;

  /** @param ids What preflight has found */
  constructor(
    name: string,
    config: StackConfig,
    providers: Providers,
    ids: Promise<CloudIds>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("xwmooc:datacenter:Datacenter", name, {}, opts);
    const child = { parent: this };
    const store = new ObjectStore(
      `${name}-content`,
      {
        courses: config.courses,
        archive: config.archive,
        deleteContent: config.deleteContent !== undefined,
        ...(config.publisher.canary.seconds > 0 && { canaryContainer: config.publisher.canary.container }),
        ...(config.uploadGateway && { segmentsContainer: config.uploadGateway.segmentsContainer }),
      },
      { ...child, providers: [providers.objectStore] },
    );
    const { loadBalancer, domain } = config.webServer;
    const compute = { ...child, providers: [providers.compute] };
    const webServers = new WebServers(
      `${name}-web`,
      {
        ...config.webServer,
        network: { ...config.network, knownId: ids.then(({ network }) => network) },
        egressTcpPorts: egressTcpPorts(config),
        ingress: [
          ...(hasHttps(config.webServer) ? [HTTPS] : []),
          ...(config.uploadGateway ? uploadGatewayIngress(config.uploadGateway) : []),
        ],
      },
      compute,
    );
    const addresses =
      loadBalancer === "octavia"
        ? [this.balance(`${name}-web-balancer`, config, webServers, compute)]
        : webServers.places.map(({ publicAddress }) => publicAddress);
    const names = siteNames(config.webServer, config.courses);
    const dns =
      config.dns &&
      new Dns(
        `${name}-dns`,
        { ...config.dns, knownZoneId: ids.then(({ dnsZone }) => dnsZone), names, addresses },
        compute,
      );
    const provisioned: Provisioning[] = [];
    const servers = webServers.boot((server) => {
      const first = provisioned[0]?.uploadGateway;
      const provisioning = new Provisioning(
        server.name,
        {
          ...config,
          // One server copies for all.
          mirror: provisioned.length === 0 ? config.mirror : undefined,
          webServer: server,
          store,
          dns,
          serving: config.webServer,
          ...(first && { uploadHostKey: first.sshHostKey }),
        },
        child,
      );
      provisioned.push(provisioning);
      return provisioning;
    });
    const [webServer] = servers;
    const uploadGateway = provisioned[0]?.uploadGateway;

    const scheme = hasHttps(config.webServer) ? "https" : "http";
    const siteUrl = pulumi.interpolate`${scheme}://${domain ?? addresses[0] ?? webServer.address}/`;
    this.outputs = {
      siteUrl,
      courseUrls: siteUrl.apply((url) =>
        Object.fromEntries(
          config.courses.map((course) => [course.name, new URL(courseLink(config.webServer, course), url).href]),
        ),
      ),
      containers: store.containers,
      address: webServer.address,
      sshUser: webServer.connection.user,
      sshHostKey: pulumi.output(webServer.connection.hostKey),
      sshPrivateKey: pulumi.secret(webServer.connection.privateKey),
      sshCommand: `npm run ssh -- --stack ${pulumi.getStack()}`,
      servers: pulumi.all(servers.map(serverOutput)),
      ...(domain && { dnsRecords: pulumi.output(dnsRecords(config.webServer, config.courses, addresses)) }),
      ...(config.dns && { dnsZone: config.dns.zone }),
      ...(config.mirror && { mirrorOf: config.mirror.from.authUrl }),
      ...(uploadGateway && { uploadUrls: uploadGateway.urls, uploadHostKey: uploadGateway.hostKey }),
    };
    this.registerOutputs(this.outputs);
  }

  /** One address in front of all servers. */
  private balance(
    name: string,
    config: StackConfig,
    { networkId, places }: WebServers,
    opts: pulumi.ComponentResourceOptions,
  ): pulumi.Output<string> {
    const ports = hasHttps(config.webServer) ? [80, 443] : [80];
    const { floatingIpPool } = config.network;
    return new LoadBalancer(name, { networkId, floatingIpPool, ports, servers: places }, opts).address;
  }
}

function serverOutput({ name, address, connection }: WebServer): pulumi.Output<ServerOutput> {
  return pulumi.output({ name, address, sshHostKey: connection.hostKey });
}

const HTTPS: Rule = { direction: "ingress", protocol: "tcp", port: 443, description: "visitors by HTTPS" };

/** Ports of the services that the configuration names by URL. */
function egressTcpPorts(config: StackConfig): number[] {
  const schemes: Record<string, number> = { "http:": 80, "https:": 443, "git:": 9418 };
  const portOf = (text: string) => {
    const url = new URL(text);
    return Number(url.port || schemes[url.protocol]);
  };
  const urls = [
    config.objectStore.authUrl,
    ...(config.mirror ? [config.mirror.from.authUrl] : []),
    ...(config.contentMount.driver === "cloudfuse" ? [config.contentMount.repository] : []),
    ...(hasHttps(config.webServer) ? [config.webServer.certificate.authority] : []),
  ];
  return [...urls.map(portOf), ...config.network.extraEgressTcpPorts];
}

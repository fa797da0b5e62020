import * as pulumi from "@pulumi/pulumi";
import { hasHttps, type StackConfig } from "../config/schema";
import { ObjectStore } from "./objectStore";
import { openstackProvider } from "./providers";
import { Provisioning } from "./provisioning";
import type { Rule } from "./securityGroup";
import { uploadGatewayIngress } from "./uploadGateway";
import { WebServer } from "./webServer";

/** A record that the domain's zone needs. */
export interface DnsRecord {
  /** Full name, without the dot at its end. */
  name: string;
  type: "A";
  /** IPv4 address. */
  value: string;
}

/** What a stack tells about itself: `pulumi stack output`. */
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
  /** Where authors upload, a URL for each protocol; only with an upload gateway. */
  uploadUrls?: pulumi.Output<string[]>;
  /** Public host key that the upload gateway's SFTP shows. */
  uploadHostKey?: pulumi.Output<string>;
  /** Sign-in URL of the object store that the content is copied from; only in a mirror. */
  mirrorOf?: string;
  /** What to create where the domain is registered; only with a domain. */
  dnsRecords?: pulumi.Output<DnsRecord[]>;
}

/** A whole datacenter: the courses' containers and the web server that publishes them. */
export class Datacenter extends pulumi.ComponentResource {
  /** What the stack tells about itself. */
  readonly outputs: DatacenterOutputs;

  constructor(name: string, config: StackConfig, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:datacenter:Datacenter", name, {}, opts);
    const child = { parent: this };
    const store = new ObjectStore(
      `${name}-content`,
      {
        courses: config.courses,
        deleteContent: config.deleteContent !== undefined,
        ...(config.publisher.canary.seconds > 0 && { canaryContainer: config.publisher.canary.container }),
        ...(config.uploadGateway && { segmentsContainer: config.uploadGateway.segmentsContainer }),
      },
      { ...child, providers: [openstackProvider(`${name}-object-store`, config.objectStore, child)] },
    );
    const webServer = new WebServer(
      `${name}-web`,
      {
        ...config.webServer,
        network: config.network,
        egressTcpPorts: egressTcpPorts(config),
        ingress: [
          ...(hasHttps(config.webServer) ? [HTTPS] : []),
          ...(config.uploadGateway ? uploadGatewayIngress(config.uploadGateway) : []),
        ],
      },
      { ...child, providers: [openstackProvider(`${name}-compute`, config.compute, child)] },
    );
    const { domain } = config.webServer;
    const { uploadGateway } = new Provisioning(
      `${name}-web`,
      { ...config, webServer, store, serving: config.webServer },
      child,
    );

    const scheme = hasHttps(config.webServer) ? "https" : "http";
    const siteUrl = pulumi.interpolate`${scheme}://${domain ?? webServer.address}/`;
    this.outputs = {
      siteUrl,
      courseUrls: siteUrl.apply((url) =>
        Object.fromEntries(config.courses.map((course) => [course.name, `${new URL(`${course.path}/`, url)}`])),
      ),
      containers: store.containers,
      address: webServer.address,
      sshUser: webServer.connection.user,
      sshHostKey: pulumi.output(webServer.connection.hostKey),
      sshPrivateKey: pulumi.secret(webServer.connection.privateKey),
      sshCommand: `npm run ssh -- --stack ${pulumi.getStack()}`,
      ...(config.mirror && { mirrorOf: config.mirror.from.authUrl }),
      ...(domain && { dnsRecords: webServer.address.apply((value) => [{ name: domain, type: "A" as const, value }]) }),
      ...(uploadGateway && { uploadUrls: uploadGateway.urls, uploadHostKey: uploadGateway.hostKey }),
    };
    this.registerOutputs(this.outputs);
  }
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

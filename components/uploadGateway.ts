import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";
import { type UploadGatewayConfig, uploadPorts } from "../config/uploadGateway";
import { buildUploadGateway } from "../provisioning/goProgram";
import { storeCredentials, uploadGatewayAccounts, uploadGatewayConfig } from "./hostFiles";
import { patient, RemoteScript } from "./remoteScript";
import type { Rule } from "./securityGroup";
import { SshKey } from "./sshKey";
import type { WebServer } from "./webServers";

/** What {@link UploadGateway} needs. */
export interface UploadGatewayArgs extends Pick<StackConfig, "objectStore" | "courses" | "archive"> {
  /** The server that it runs on. */
  webServer: WebServer;
  /** Ports, limits and accounts. */
  uploadGateway: UploadGatewayConfig;
  /**
   * Host key that its SFTP shows.
   * @default one of its own
   */
  sshHostKey?: SshKey;
}

/** The service on the web server that takes the authors' uploads by FTP over TLS and by SFTP. */
export class UploadGateway extends pulumi.ComponentResource {
  /** Where authors upload: a URL for each protocol. */
  readonly urls: pulumi.Output<string[]>;
  /** Public host key that its SFTP shows. */
  readonly hostKey: pulumi.Output<string>;
  /** The pair that this is the public half of. */
  readonly sshHostKey: SshKey;

  constructor(name: string, args: UploadGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:provisioning:UploadGateway", name, {}, opts);
    const { connection, serverId, flavor, address } = args.webServer;
    const on = { parent: this, ...(opts?.deletedWith && { deletedWith: opts.deletedWith }) };
    // Authors have stored it: it outlives the server.
    this.sshHostKey = args.sshHostKey ?? new SshKey(`${name}-host-key`, { parent: this });
    const program = pulumi.output(buildUploadGateway((line) => void pulumi.log.info(line, this)));
    const build = program.fingerprint;
    const copy = new command.remote.CopyToRemote(
      `${name}-program`,
      {
        connection: patient(connection),
        source: program.file.apply((file) => new pulumi.asset.FileAsset(file)),
        remotePath: pulumi.interpolate`upload-gateway-${build}`,
        triggers: [build, serverId],
      },
      {
        ...on,
        ...(opts?.dependsOn && { dependsOn: opts.dependsOn }),
        // Another Go gives other bytes of the same program.
        ignoreChanges: ["source"],
        customTimeouts: { create: "10m", update: "10m" },
      },
    );
    new RemoteScript(
      name,
      {
        step: "upload-gateway",
        connection,
        serverId,
        flavor,
        content: {
          inputs: { BUILD: build, LOGIN_USER: connection.user },
          files: { "config.json": address.apply((known) => uploadGatewayConfig(args, known)) },
          secretFiles: {
            "accounts.json": uploadGatewayAccounts(args.uploadGateway),
            "credentials.json": storeCredentials(args.objectStore),
            ssh_host_key: this.sshHostKey.privateKey,
          },
        },
      },
      { ...on, dependsOn: [copy] },
    );
    this.urls = address.apply((host) => uploadUrls(args.uploadGateway, host));
    this.hostKey = this.sshHostKey.publicKey;
    this.registerOutputs({ urls: this.urls, hostKey: this.hostKey });
  }
}

/** By the names that FileZilla gives the protocols. */
function uploadUrls({ ftp, sftp }: UploadGatewayConfig, host: string): string[] {
  const ways: [scheme: string, port: number, usual: number][] = [
    ["ftpes", ftp.port, 21],
    ["ftps", ftp.implicitPort, 990],
    ["sftp", sftp.port, 22],
  ];
  return ways
    .filter(([, port]) => port !== 0)
    .map(([scheme, port, usual]) => `${scheme}://${host}${port === usual ? "" : `:${port}`}/`);
}

/** What the firewall has to let through to the gateway. */
export function uploadGatewayIngress(gateway: UploadGatewayConfig): Rule[] {
  return gateway.allowedFrom.flatMap((remote) =>
    uploadPorts(gateway).map((ports): Rule => ({ direction: "ingress", protocol: "tcp", remote, ...ports })),
  );
}

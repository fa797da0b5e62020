import * as pulumi from "@pulumi/pulumi";
import { hasHttps, type StackConfig } from "../config/schema";
import { bundleAskStore, bundlePublisher } from "../provisioning/bundle";
import { cloudfuseConfig, publisherConfig, rcloneConfig, storeCredentials } from "./hostFiles";
import type { ObjectStore } from "./objectStore";
import { RemoteScript } from "./remoteScript";
import type { StepContent } from "./stepArchive";
import { UploadGateway } from "./uploadGateway";
import type { WebServer } from "./webServer";

/** What {@link Provisioning} needs. */
export interface ProvisioningArgs
  extends Pick<StackConfig, "objectStore" | "contentMount" | "publisher" | "uploadGateway" | "courses" | "siteTitle"> {
  /** The server to set up. */
  webServer: WebServer;
  /** The containers, which must be there before they can show under /mnt. */
  store: ObjectStore;
  /** DNS name of the site. Default: any. */
  domain?: string;
  /** How the domain gets its certificate. */
  certificate: StackConfig["webServer"]["certificate"];
}

/** What runs on the web server, step by step; a step starts as soon as those it builds on are done. */
export class Provisioning extends pulumi.ComponentResource {
  /** Where authors upload; undefined without an upload gateway. */
  readonly uploadGateway: UploadGateway | undefined;

  constructor(name: string, args: ProvisioningArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:provisioning:Provisioning", name, {}, opts);
    const { driver, repository, commit } = args.contentMount;
    const step = (folder: string, dependsOn: pulumi.Resource[], content: StepContent) =>
      new RemoteScript(
        `${name}-${folder}`,
        { step: folder, connection: args.webServer.connection, serverId: args.webServer.serverId, content },
        // What dies with the server needs no removal on it.
        { parent: this, dependsOn, deletedWith: args.webServer.server },
      );

    const { domain, certificate } = args;
    const https = domain !== undefined && hasHttps({ domain, certificate });
    const packages = step("packages", [], { inputs: { FUSE_DRIVER: driver, ...(https && { HTTPS: "yes" }) } });
    const fuseDriver =
      driver === "cloudfuse"
        ? step("cloudfuse", [packages], { inputs: { REPOSITORY: repository, COMMIT: commit } })
        : step("rclone", [packages], {});
    const credentials = step("credentials", [packages], {
      inputs: { FUSE_DRIVER: driver },
      files: { "ask-store.cjs": bundleAskStore() },
      secretFiles: {
        ...(driver === "cloudfuse"
          ? { "cloudfuse.conf": cloudfuseConfig(args.objectStore) }
          : { "rclone.conf": rcloneConfig(args.objectStore) }),
        "credentials.json": storeCredentials(args.objectStore),
      },
    });
    const contentMount = step("content-mount", [fuseDriver, credentials, args.store], {
      inputs: { FUSE_DRIVER: driver, CONTAINERS: args.courses.map((course) => course.container).join(" ") },
    });
    step("publisher", [contentMount], {
      files: { "site-publisher.cjs": bundlePublisher(), "config.json": publisherConfig(args) },
    });
    const { uploadGateway } = args;
    if (uploadGateway) {
      this.uploadGateway = new UploadGateway(
        `${name}-upload-gateway`,
        { ...args, uploadGateway },
        // The publisher's group comes with the credentials; the gateway can do without the publisher itself.
        { parent: this, dependsOn: [credentials], deletedWith: args.webServer.server },
      );
    }
    const webServer = step("web-server", [packages], { inputs: { SERVER_NAME: domain ?? "" } });
    if (https) {
      const { authority, email = "", trustedRoot } = certificate;
      step("certificate", [webServer, ...(this.uploadGateway ? [this.uploadGateway] : [])], {
        inputs: { DOMAIN: domain, AUTHORITY: authority, EMAIL: email },
        ...(trustedRoot && { files: { "trusted-root.pem": trustedRoot } }),
      });
    }
    this.registerOutputs({});
  }
}

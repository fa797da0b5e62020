import * as pulumi from "@pulumi/pulumi";
import { hasHttps, type StackConfig } from "../config/schema";
import { bundleAskStore, bundleContentMirror, bundlePublisher } from "../provisioning/bundle";
import {
  cloudfuseConfig,
  contentMirrorConfig,
  nftablesRules,
  nginxCourses,
  publisherConfig,
  rcloneConfig,
  storeCredentials,
} from "./hostFiles";
import type { ObjectStore } from "./objectStore";
import { RemoteScript } from "./remoteScript";
import type { StepContent } from "./stepArchive";
import { UploadGateway } from "./uploadGateway";
import type { WebServer } from "./webServer";

/** What {@link Provisioning} needs. */
export interface ProvisioningArgs
  extends Pick<
    StackConfig,
    "objectStore" | "contentMount" | "publisher" | "uploadGateway" | "mirror" | "courses" | "siteTitle"
  > {
  /** The server to set up. */
  webServer: WebServer;
  /** The containers, which must be there before they can show under /mnt. */
  store: ObjectStore;
  /** How the site is served. */
  serving: Pick<StackConfig["webServer"], "domain" | "certificate" | "logAddresses" | "securityUpdates">;
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

    const { domain = "", certificate, logAddresses, securityUpdates } = args.serving;
    const https = hasHttps(args.serving);
    const yesOrNo = (one: boolean) => (one ? "yes" : "no");
    const SECURITY_UPDATES = yesOrNo(securityUpdates);
    const packages = step("packages", [], {
      inputs: { FUSE_DRIVER: driver, HTTPS: yesOrNo(https), SECURITY_UPDATES },
    });
    step("hardening", [packages], {
      inputs: { LOGIN_USER: args.webServer.connection.user, SECURITY_UPDATES },
      files: { "firewall.nft": nftablesRules(args.webServer.rules) },
    });
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
    const { uploadGateway, mirror } = args;
    if (mirror) {
      step("content-mirror", [packages, args.store], {
        files: {
          "content-mirror.cjs": bundleContentMirror(),
          "ask-store.cjs": bundleAskStore(),
          "config.json": contentMirrorConfig(mirror, args),
        },
        secretFiles: { "from.json": storeCredentials(mirror.from), "to.json": storeCredentials(args.objectStore) },
      });
    }
    if (uploadGateway) {
      this.uploadGateway = new UploadGateway(
        `${name}-upload-gateway`,
        { ...args, uploadGateway },
        // The publisher's group comes with the credentials; the gateway can do without the publisher itself.
        { parent: this, dependsOn: [credentials], deletedWith: args.webServer.server },
      );
    }
    const webServer = step("web-server", [packages], {
      inputs: { SERVER_NAME: domain, LOG_ADDRESSES: logAddresses },
      files: { "courses.conf": nginxCourses(args.courses) },
    });
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

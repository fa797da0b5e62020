import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";
import { bundleAskStore, bundlePublisher } from "../provisioning/bundle";
import { cloudfuseConfig, publisherConfig, publisherCredentials, rcloneConfig } from "./hostFiles";
import type { ObjectStore } from "./objectStore";
import { RemoteScript } from "./remoteScript";
import type { StepContent } from "./stepArchive";
import type { WebServer } from "./webServer";

/** What {@link Provisioning} needs. */
export interface ProvisioningArgs
  extends Pick<StackConfig, "objectStore" | "contentMount" | "publisher" | "courses" | "siteTitle"> {
  /** The server to set up. */
  webServer: WebServer;
  /** The containers, which must be there before they can show under /mnt. */
  store: ObjectStore;
  /** DNS name of the site. Default: any. */
  domain?: string;
}

/** What runs on the web server, step by step; a step starts as soon as those it builds on are done. */
export class Provisioning extends pulumi.ComponentResource {
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

    const packages = step("packages", [], { inputs: { FUSE_DRIVER: driver } });
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
        "credentials.json": publisherCredentials(args.objectStore),
      },
    });
    const contentMount = step("content-mount", [fuseDriver, credentials, args.store], {
      inputs: { FUSE_DRIVER: driver, CONTAINERS: args.courses.map((course) => course.container).join(" ") },
    });
    step("publisher", [contentMount], {
      files: { "site-publisher.cjs": bundlePublisher(), "config.json": publisherConfig(args) },
    });
    step("web-server", [packages], { inputs: { SERVER_NAME: args.domain ?? "" } });
    this.registerOutputs({});
  }
}

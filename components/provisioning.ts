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
import { RemoteScript, type StepContentInput } from "./remoteScript";
import { courseNames } from "./siteNames";
import type { SshKey } from "./sshKey";
import { UploadGateway } from "./uploadGateway";
import type { WebServer } from "./webServers";

/** What {@link Provisioning} needs. */
export interface ProvisioningArgs
  extends Pick<
    StackConfig,
    "objectStore" | "contentMount" | "publisher" | "uploadGateway" | "mirror" | "courses" | "archive" | "siteTitle"
  > {
  /** The server to set up. */
  webServer: WebServer;
  /** The containers, which must be there before they can show under /mnt. */
  store: ObjectStore;
  /** What leads the domain to the server, if the stack declares it. */
  dns: pulumi.Resource | undefined;
  /** How the site is served. */
  serving: Pick<
    StackConfig["webServer"],
    "domain" | "coursesBy" | "certificate" | "logAddresses" | "securityUpdates" | "loadBalancer"
  >;
  /**
   * Host key of the upload gateway's SFTP: the same on all servers, as authors know it.
   * @default one of its own
   */
  uploadHostKey?: SshKey;
}

/** What runs on the web server, step by step; a step starts as soon as those it builds on are done. */
export class Provisioning extends pulumi.ComponentResource {
  /** Where authors upload; undefined without an upload gateway. */
  readonly uploadGateway: UploadGateway | undefined;

  constructor(name: string, args: ProvisioningArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:provisioning:Provisioning", name, {}, opts);
    const { driver, repository, commit } = args.contentMount;
    const { connection, serverId, flavor, server } = args.webServer;
    const step = (folder: string, dependsOn: pulumi.Resource[], content: StepContentInput, timeLimit?: string) =>
      new RemoteScript(
        `${name}-${folder}`,
        { step: folder, connection, serverId, flavor, content, ...(timeLimit && { timeLimit }) },
        // What dies with the server needs no removal on it.
        { parent: this, dependsOn, deletedWith: server },
      );

    const { domain = "", certificate, logAddresses, securityUpdates, loadBalancer } = args.serving;
    const https = hasHttps(args.serving);
    const yesOrNo = (one: boolean) => (one ? "yes" : "no");
    const SECURITY_UPDATES = yesOrNo(securityUpdates);
    const packages = step("packages", [], {
      inputs: { FUSE_DRIVER: driver, HTTPS: yesOrNo(https), SECURITY_UPDATES },
    });
    step("hardening", [packages], {
      inputs: { LOGIN_USER: connection.user, SECURITY_UPDATES },
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
    const isAlone = args.webServer.siblings.length === 0;
    const publisher = step(
      "publisher",
      [contentMount],
      {
        inputs: { AWAIT_COURSES: yesOrNo(!isAlone) },
        files: { "site-publisher.cjs": bundlePublisher(), "config.json": publisherConfig(args, args.serving) },
      },
      // Where it awaits the courses, it gives up by itself when nothing moves any more.
      isAlone ? undefined : "12h",
    );
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
        { ...args, uploadGateway, ...(args.uploadHostKey && { sshHostKey: args.uploadHostKey }) },
        // The publisher's group comes with the credentials; the gateway can do without the publisher itself.
        { parent: this, dependsOn: [credentials], deletedWith: server },
      );
    }
    const COURSE_NAMES = courseNames(args.serving, args.courses).join(" ");
    // Among several, a server takes visitors only when it has what they come for.
    const webServer = step("web-server", isAlone ? [packages] : [packages, publisher], {
      inputs: {
        SERVER_NAME: domain,
        COURSE_NAMES,
        LOG_ADDRESSES: logAddresses,
        BALANCED: yesOrNo(loadBalancer !== "none"),
        // A certificate authority asks any server, whichever has asked it.
        SIBLINGS: https ? pulumi.all(args.webServer.siblings).apply((all) => all.join(" ")) : "",
      },
      files: { "courses.conf": nginxCourses(args.courses, args.serving) },
    });
    if (https) {
      const { authority, email = "", trustedRoot } = certificate;
      // The authority asks the domain's records for the server at once.
      const before = [this.uploadGateway, args.dns].filter((one) => one !== undefined);
      step("certificate", [webServer, ...before], {
        inputs: { DOMAIN: domain, COURSE_NAMES, AUTHORITY: authority, EMAIL: email },
        ...(trustedRoot && { files: { "trusted-root.pem": trustedRoot } }),
      });
    }
    this.registerOutputs({});
  }
}

import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { hashPassword } from "../../cli/lib/authorAccount";
import { uploadGatewayAccounts, uploadGatewayConfig } from "../../components/hostFiles";
import { parseConfig } from "../../config/parse";
import type { UploadGatewayConfig } from "../../config/uploadGateway";
import { buildUploadGateway } from "../../provisioning/goProgram";
import { SwiftClient } from "../../swift/client";
import { CourseHost, credentialFiles, declared, FIRST_USER } from "../support/courseHost";
import { FaultyStore } from "../support/faultyStore";
import { rawConfig } from "../support/stack";
import type { Outcome } from "../support/systemdContainer";

/** The authors of the tests; in clear, as this is what they type. */
export const AUTHOR = { name: "kim", password: "pass word-1" };
export const READER = { name: "lee", password: "pass-word-2" };

/** Where the gateway finds the store: on the way through this process, which fails as told. */
const WAY_PORT = 8081;
const WAY_AUTH_URL = `http://127.0.0.1:${WAY_PORT}/auth/v1.0`;

const COURSES = ["pi", "py4inf"];
const SEGMENTS = "segments";
const SALT = Buffer.alloc(16, "salt");

/** A provisioned server with the upload gateway, an author who may change both courses and one who may only read one. */
export class GatewayHost {
  private joined: { store: SwiftClient; way: FaultyStore } | undefined;

  private constructor(
    readonly host: CourseHost,
    private readonly authUrl: string,
  ) {}

  /**
   * Boots it with the product's steps.
   * @param authUrl where the gateway finds the store. Default: on the way that fails as told
   */
  static async boot(role: string, authUrl = WAY_AUTH_URL): Promise<GatewayHost> {
    const host = await CourseHost.boot(role, { courses: COURSES, pollSeconds: 0.5 });
    const gateway = new GatewayHost(host, authUrl);
    try {
      await gateway.connect();
      await gateway.store.createContainer(SEGMENTS);
      await gateway.host.provision("rclone");
      const { code, stdout, stderr } = await gateway.step();
      if (code !== 0) throw new Error(`step upload-gateway: exit code ${code}\n${stdout}${stderr}`);
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  /** Straight into the store, past the gateway. */
  get store(): SwiftClient {
    return this.joinedWays.store;
  }

  /** The gateway's way into the store. */
  get way(): FaultyStore {
    return this.joinedWays.way;
  }

  private get joinedWays() {
    if (this.joined === undefined) throw new Error("not connected");
    return this.joined;
  }

  /** Runs the step as Pulumi does. */
  async step(scripts = "bash ./install.sh && bash ./verify.sh"): Promise<Outcome> {
    const { file, fingerprint } = await buildUploadGateway((line) => process.stderr.write(`${line}\n`));
    // As CopyToRemote leaves it there.
    copyFileSync(file, this.host.container.outside(`/root/upload-gateway-${fingerprint}`));
    const content = {
      inputs: { BUILD: fingerprint, LOGIN_USER: "root" },
      files: {
        "config.json": uploadGatewayConfig(
          { uploadGateway: gatewayConfig(), courses: declared(COURSES), archive: false },
          "127.0.0.1",
        ),
      },
      secretFiles: {
        "accounts.json": uploadGatewayAccounts(gatewayConfig()),
        "credentials.json": credentialFiles("rclone", FIRST_USER, this.authUrl)["credentials.json"] as string,
        ssh_host_key: sshKey(),
      },
    };
    return await this.host.runStep("upload-gateway", content, scripts);
  }

  private async connect(): Promise<void> {
    const { loopback } = this.host.container;
    const port = await loopback.forward(8080);
    const authUrl = `http://127.0.0.1:${port}/auth/v1.0`;
    const way = new FaultyStore(port);
    this.joined = { store: new SwiftClient({ auth: "v1", authUrl, ...FIRST_USER }), way };
    await loopback.serve(WAY_PORT, way.handler);
  }

  /** Runs bash commands inside. @throws Error if they fail */
  sh(command: string): Promise<string> {
    return this.host.container.sh(command);
  }

  /** Runs bash commands inside that may fail. */
  run(command: string): Promise<Outcome> {
    return this.host.container.run(command);
  }

  async stop(): Promise<void> {
    this.joined?.store.close();
    await this.host.stop();
  }
}

/** The configuration as the stack file has it, with all defaults. */
function gatewayConfig(): UploadGatewayConfig {
  const account = ({ name, password }: typeof AUTHOR) => ({ name, passwordHash: hashPassword(password, SALT) });
  const uploadGateway = {
    allowedFrom: ["0.0.0.0/0"],
    segmentsContainer: SEGMENTS,
    limits: { failures: 5, banSeconds: 20 },
    accounts: [
      { ...account(AUTHOR), courses: COURSES },
      { ...account(READER), courses: ["pi"], rights: ["read"] },
    ],
  };
  const config = parseConfig(rawConfig("tokyo2", { uploadGateway, courses: courseEntries() }));
  return config.uploadGateway as UploadGatewayConfig;
}

const courseEntries = () => COURSES.map((name) => ({ name, title: name }));

let key: string | undefined;

/** One for all installations: clients know it again. */
function sshKey(): string {
  if (key === undefined) {
    const script = `dir=$(mktemp -d) && ssh-keygen -q -t ed25519 -N '' -C '' -f "$dir/key" && cat "$dir/key" && rm -r "$dir"`;
    const { stdout, status } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    if (status !== 0) throw new Error("ssh-keygen failed");
    key = stdout;
  }
  return key;
}

import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { nftablesRules, nginxCourses } from "../../components/hostFiles";
import { courseNames } from "../../components/siteNames";
import type { StepContent } from "../../components/stepArchive";
import { packStep, unpackAndRun } from "../../components/stepArchive";
import { parseConfig } from "../../config/parse";
import type { StackConfig } from "../../config/schema";
import { bundleAskStore, bundlePublisher } from "../../provisioning/bundle";
import { rawConfig } from "./stack";
import { type Outcome, SystemdContainer } from "./systemdContainer";

/** A FUSE driver. */
export type Driver = "cloudfuse" | "rclone";

/** A user of the container's Swift (test/support/testHost/swift/proxy-server.conf). */
export interface StoreUser {
  username: string;
  apiKey: string;
}
export const FIRST_USER: StoreUser = { username: "SLTEST-2:SLTEST", apiKey: "first-key" };
export const NEXT_USER: StoreUser = { username: "SLTEST-2:SLNEXT", apiKey: "second-key" };

/** The steps in the order of their needs; for the driver there is just one of cloudfuse and rclone. */
export const STEPS = [
  "packages",
  "hardening",
  "driver",
  "credentials",
  "content-mount",
  "publisher",
  "web-server",
] as const;
export type Step = (typeof STEPS)[number];

/** Where the container's Swift signs in, from inside. */
export const STORE_AUTH_URL = "http://127.0.0.1:8080/auth/v1.0";
const CLOUDFUSE_MIRROR = join(__dirname, "..", "..", ".cache", "cloudfuse.git");
const CLOUDFUSE_INSIDE = "/srv/cloudfuse.git";

/**
 * Why cloudfuse can't be built here; undefined where it can. Its sources are mirrored once, from its repository or from
 * the one that XWMOOC_CLOUDFUSE_REPOSITORY names.
 */
export function whyNoCloudfuse(): string | undefined {
  if (existsSync(CLOUDFUSE_MIRROR)) return undefined;
  const repository = process.env.XWMOOC_CLOUDFUSE_REPOSITORY ?? "https://github.com/redbo/cloudfuse.git";
  const partial = `${CLOUDFUSE_MIRROR}.${process.pid}`;
  const clone = spawnSync("git", ["clone", "--quiet", "--bare", repository, partial], {
    timeout: 20_000,
    env: { ...process.env, GIT_TERMINAL_PROMPT: "0" },
  });
  if (clone.status !== 0) {
    rmSync(partial, { recursive: true, force: true });
    return `cloudfuse's repository ${repository} can't be reached; XWMOOC_CLOUDFUSE_REPOSITORY may name another`;
  }
  renameSync(partial, CLOUDFUSE_MIRROR);
  return undefined;
}

export interface CourseHostOptions {
  /** Names of the courses, and of their containers. @default ["pi", "py4inf"] */
  courses?: string[];
  /** Seconds between two looks at a course. @default 1 */
  pollSeconds?: number;
  /** What the publisher and the mount sign in to the store at. @default the store itself */
  authUrl?: string;
}

/** A server in a container that the steps can be run on, exactly as Pulumi runs them, and the store it publishes from. */
export class CourseHost {
  private constructor(
    readonly container: SystemdContainer,
    private readonly options: Required<CourseHostOptions>,
  ) {}

  /** Boots it, with a container for each course in its store. */
  static async boot(role: string, options: CourseHostOptions = {}): Promise<CourseHost> {
    const binds = existsSync(CLOUDFUSE_MIRROR) ? { [CLOUDFUSE_INSIDE]: CLOUDFUSE_MIRROR } : {};
    const { courses = ["pi", "py4inf"], pollSeconds = 1, authUrl = STORE_AUTH_URL } = options;
    const host = new CourseHost(await SystemdContainer.boot(role, binds), { courses, pollSeconds, authUrl });
    await host.startStore();
    for (const course of courses) {
      await host.store("PUT", course);
      await host.store("PUT", `${course}/index.html`, `<h1>${course}</h1>\n`);
    }
    return host;
  }

  stop(): Promise<void> {
    return this.container.stop();
  }

  /** Runs scripts of a step as the remote command does; by default it is installed and verified. */
  async step(
    step: Step,
    driver: Driver,
    change: StepContent = {},
    scripts = "bash ./install.sh && bash ./verify.sh",
  ): Promise<Outcome> {
    const content = await stepContent(step, driver, this.options);
    return await this.runStep(
      step === "driver" ? driver : step,
      {
        inputs: { ...content.inputs, ...change.inputs },
        files: { ...content.files, ...change.files },
        secretFiles: { ...content.secretFiles, ...change.secretFiles },
      },
      scripts,
    );
  }

  /** Runs scripts of any step, by the folder's name, with just this content. */
  async runStep(folder: string, content: StepContent, scripts: string): Promise<Outcome> {
    return await this.container.run(unpackAndRun(scripts), await packStep(folder, content));
  }

  /** Runs all steps. @throws Error with the output of the one that fails */
  async provision(driver: Driver): Promise<void> {
    for (const step of STEPS) {
      const { code, stdout, stderr } = await this.step(step, driver);
      if (code !== 0) throw new Error(`step ${step}: exit code ${code}\n${stdout}${stderr}`);
    }
  }

  /** Asks the store for something, with the credentials of {@link FIRST_USER}. @throws Error unless it is done */
  async store(method: "PUT" | "DELETE", path: string, body?: string): Promise<void> {
    const { username, apiKey } = FIRST_USER;
    const send = body === undefined ? "" : "--data-binary @-";
    await this.container.sh(
      `token=$(curl -sfi -H 'X-Auth-User: ${username}' -H 'X-Auth-Key: ${apiKey}' ${STORE_AUTH_URL} | tr -d '\\r' |
         sed -n 's/^X-Auth-Token: //p')
       curl -sf -X ${method} -H "X-Auth-Token: $token" ${send} http://127.0.0.1:8080/v1/AUTH_SLTEST-2/${path}`,
      body,
    );
  }

  /** Takes the store off the network, as in an outage. */
  async stopStore(): Promise<void> {
    await this.container.sh("systemctl stop test-store@proxy");
  }

  /** Brings the store back and waits until it answers. */
  async startStore(): Promise<void> {
    await this.container.sh("systemctl start test-store@proxy");
    await this.container.until(30, "the store answers", async () => {
      const { code } = await this.container.run(
        `for port in 6200 6201 6202; do : </dev/tcp/127.0.0.1/$port || exit; done; curl -sf http://127.0.0.1:8080/healthcheck`,
      );
      return code === 0;
    });
  }
}

/** The driver's own file with the credentials, by name. */
export function driverCredentials(
  driver: Driver,
  { username, apiKey }: StoreUser,
  authUrl = STORE_AUTH_URL,
): Record<string, string> {
  return driver === "cloudfuse"
    ? { "cloudfuse.conf": `username=${username}\napi_key=${apiKey}\nauthurl=${authUrl}\n` }
    : {
        "rclone.conf": `[content]\ntype = swift\nauth = ${authUrl}\nuser = ${username}\nkey = ${apiKey}\nauth_version = 1\n`,
      };
}

/** All files of the credentials step. */
export function credentialFiles(driver: Driver, user: StoreUser, authUrl = STORE_AUTH_URL): Record<string, string> {
  return {
    ...driverCredentials(driver, user, authUrl),
    "credentials.json": JSON.stringify({ auth: "v1", authUrl, ...user }),
  };
}

const RULES = [22, 80].map((port) => ({
  direction: "ingress" as const,
  protocol: "tcp" as const,
  port,
  description: "test",
}));

async function stepContent(step: Step, driver: Driver, options: Required<CourseHostOptions>): Promise<StepContent> {
  switch (step) {
    case "packages":
      return { inputs: { FUSE_DRIVER: driver, HTTPS: "no", SECURITY_UPDATES: "no" } };
    case "hardening":
      return {
        inputs: { LOGIN_USER: "debian", SECURITY_UPDATES: "no" },
        files: { "firewall.nft": nftablesRules(RULES) },
      };
    case "driver":
      return driver === "cloudfuse"
        ? { inputs: { REPOSITORY: `file://${CLOUDFUSE_INSIDE}`, COMMIT: "d212b8c069683be75f018ed693e158b36558bbba" } }
        : {};
    case "credentials":
      return {
        inputs: { FUSE_DRIVER: driver },
        files: { "ask-store.cjs": await bundleAskStore() },
        secretFiles: credentialFiles(driver, FIRST_USER, options.authUrl),
      };
    case "content-mount":
      return { inputs: { FUSE_DRIVER: driver, CONTAINERS: options.courses.join(" ") } };
    case "publisher":
      return {
        inputs: { AWAIT_COURSES: "no" },
        files: {
          "site-publisher.cjs": await bundlePublisher(),
          "config.json": JSON.stringify(publisherConfig(options)),
        },
      };
    case "web-server":
      return {
        inputs: { SERVER_NAME: "", COURSE_NAMES: "", LOG_ADDRESSES: "anonymous", BALANCED: "no", SIBLINGS: "" },
        files: { "courses.conf": nginxCourses(declared(options.courses), { coursesBy: "path" }) },
      };
  }
}

/** What the step web-server is given where each course has a name below the domain. */
export function namedCourses(domain: string, courses: Record<string, unknown>[]): StepContent {
  const changes = { "webServer.domain": domain, "webServer.coursesBy": "subdomain", courses };
  const config = parseConfig(rawConfig("tokyo2", changes));
  return {
    inputs: { SERVER_NAME: domain, COURSE_NAMES: courseNames(config.webServer, config.courses).join(" ") },
    files: { "courses.conf": nginxCourses(config.courses, config.webServer) },
  };
}

/** The courses as a stack declares them, with all defaults. */
export function declared(courses: string[]): StackConfig["courses"] {
  return parseConfig(rawConfig("tokyo2", { courses: courses.map((name) => ({ name, title: name })) })).courses;
}

/** What the publisher's step is given. */
export const publisherConfig = ({
  courses,
  pollSeconds,
}: Pick<Required<CourseHostOptions>, "courses" | "pollSeconds">) => ({
  webRoot: "/var/www/html",
  releasesDir: "/var/www/releases",
  stateDir: "/var/lib/site-publisher",
  mountDir: "/mnt",
  pollSeconds,
  keepReleases: 3,
  massDeletion: { percent: 50, files: 20, windowSeconds: 600 },
  metricsPort: 9150,
  canary: { seconds: 0, container: "canary" },
  siteTitle: "xwMOOC",
  startLink: "/",
  courses: courses.map((name) => ({
    name,
    container: name,
    source: "",
    path: name,
    link: `/${name}/`,
    title: name,
    description: name,
    english: { title: name, description: name },
    settle: { seconds: 0.7, limitSeconds: 30 },
  })),
});

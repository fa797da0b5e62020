import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../cli/lib/paths";
import { regionAnswers } from "../../cli/lib/regionAnswers";
import { coursesOf, problemsOf, regionText, stacksWithFile, writeRegion } from "../../cli/lib/regionFile";
import { type Answers, QUESTIONS, secretPaths } from "../../cli/lib/regionQuestions";
import { parseConfig } from "../../config/parse";
import { PLACEHOLDER } from "../support/stack";

const courses = coursesOf(ROOT, "tokyo2");
const problems = (answers: Answers) => problemsOf("seoul", answers, courses);
const GIVEN = {
  "auth-url": "https://sel01.example.com/auth/v1.0",
  username: "SL1-2:SL1",
  "compute-auth-url": "https://keystone.example.com:5000/v3",
  "compute-catalog-region": "seoul",
  "compute-application-credential-id": "0123",
  "ssh-from": "203.0.113.0/24,198.51.100.7/32",
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "xwmooc-region-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The file's text as Pulumi would hand it out, with its secrets set. */
function parsed(text: string, answers: Answers) {
  const { config } = parse(text) as { config: Record<string, Record<string, unknown>> };
  for (const path of secretPaths(answers)) {
    const [section = "", key = ""] = path.split(".");
    (config[`xwmooc:${section}`] ?? {})[key] = PLACEHOLDER;
  }
  const values = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseConfig({ stack: "seoul", values: Object.fromEntries(values), isSecret: () => true });
}

describe("a new region's file", () => {
  it("by options alone is one that the configuration takes, without any secret", async () => {
    const answers = await regionAnswers({ given: GIVEN, problemsOf: problems });
    expect(problems(answers)).toEqual([]);
    const text = regionText("seoul", answers, courses);
    expect(text).toContain(
      "#   npm run pulumi -- config set --stack seoul --secret --path 'xwmooc:objectStore.apiKey'\n",
    );
    expect(parse(text).config["xwmooc:objectStore"]).not.toHaveProperty("apiKey");
    expect(parse(text).config["xwmooc:compute"]).not.toHaveProperty("applicationCredentialSecret");
    expect(parsed(text, answers)).toMatchObject({
      region: "seoul",
      objectStore: { authType: "v1password", username: "SL1-2:SL1" },
      compute: { authType: "v3applicationcredential", applicationCredentialId: "0123" },
      network: { create: { externalNetwork: "public" }, floatingIpPool: "public" },
      webServer: { flavor: "m1.small", sshUser: "debian", sshFrom: ["203.0.113.0/24", "198.51.100.7/32"] },
      contentMount: { driver: "cloudfuse" },
      courses: expect.arrayContaining([expect.objectContaining({ name: "py4inf", source: "py4inf_html" })]),
    });
  });

  it("of a store with Keystone mounts it with rclone", async () => {
    const given = {
      ...GIVEN,
      "auth-type": "v3password",
      "auth-url": "https://keystone.example.com/v3",
      username: "kim",
      "catalog-region": "seoul",
      project: "courses",
      network: "public",
      image: "ubuntu-24.04",
    };
    const answers = await regionAnswers({ given, problemsOf: problems });
    expect(answers).not.toHaveProperty("network.floatingIpPool");
    expect(secretPaths(answers)).toEqual(["objectStore.password", "compute.applicationCredentialSecret"]);
    expect(parsed(regionText("seoul", answers, courses), answers)).toMatchObject({
      objectStore: { authType: "v3password", project: "courses", userDomain: "Default" },
      contentMount: { driver: "rclone" },
      network: { existing: "public" },
      webServer: { sshUser: "ubuntu" },
    });
  });

  it("that lacks something names each option, and where its value is found", async () => {
    const { username, ...rest } = GIVEN;
    await expect(regionAnswers({ given: { ...rest, "ssh-from": undefined }, problemsOf: problems })).rejects.toThrow(
      /options are missing:\n {2}--username: .*View Credentials: Username\)\n {2}--ssh-from: /,
    );
  });

  it("with an option that does not go with the others says so", async () => {
    await expect(regionAnswers({ given: { ...GIVEN, project: "x" }, problemsOf: problems })).rejects.toThrow(
      "--project does not go with the other answers",
    );
  });

  it("that is wrong has the configuration's own message", async () => {
    const answers = await regionAnswers({ given: { ...GIVEN, "auth-url": "https://x/v3" }, problemsOf: problems });
    expect(problems(answers)).toEqual(["xwmooc:objectStore.authUrl must end in /auth/v1.0"]);
  });

  it("by questions asks for what is not given, tells where it is found, and asks again", async () => {
    const typed = ["", "tok02", "https://sel01.example.com/auth/v1.0", "SL1-2:SL1"];
    const said: string[] = [];
    const { username, "auth-url": _, ...rest } = GIVEN;
    const ask = async (text: string) => {
      said.push(text);
      return typed.shift() ?? "";
    };
    const answers = await regionAnswers({ given: rest, problemsOf: problems, ask });
    expect(answers["objectStore.authUrl"]).toBe("https://sel01.example.com/auth/v1.0");
    expect(said[0]).toMatch(/\n {2}Where: .*\n {2}\[v1password\]> $/);
    expect(said[1]).toContain("Where: SoftLayer: Storage > Object Storage");
    expect(said[2]).toMatch(/^ {2}xwmooc:objectStore\.authUrl must be an http/);
    expect(said).toHaveLength(13);
    expect(problems(answers)).toEqual([]);
  });

  it("is never overwritten without being told to, and then kept", () => {
    expect(writeRegion(folder, "seoul", "first", false)).toBeUndefined();
    expect(() => writeRegion(folder, "seoul", "second", false)).toThrow("Pulumi.seoul.yaml is there already");
    const before = writeRegion(folder, "seoul", "second", true);
    expect(readFileSync(before ?? "", "utf8")).toBe("first");
    expect(readFileSync(join(folder, "Pulumi.seoul.yaml"), "utf8")).toBe("second");
    expect(() => writeRegion(folder, "seoul", "third", true)).toThrow(/Pulumi\.seoul\.yaml\.old is there already/);
    expect(readFileSync(before ?? "", "utf8")).toBe("first");
  });
});

describe("the courses of a new region", () => {
  it("come from a stack that is there", () => {
    writeFileSync(join(folder, "Pulumi.dev.yaml"), "config: {}\n");
    expect(stacksWithFile(folder)).toEqual(["seoul", "dev"]);
    expect(() => coursesOf(folder, "osaka")).toThrow('no stack "osaka" to copy courses from. There are: seoul, dev.');
    writeFileSync(join(folder, "Pulumi.dev.yaml"), "config:\n a: 1\n  b: 2\n");
    expect(() => coursesOf(folder, "dev")).toThrow(/Pulumi\.dev\.yaml can't be read: .* at line/);
  });
});

it("where each answer is found stands in docs/configuration.md, too", () => {
  const text = readFileSync(join(ROOT, "docs/configuration.md"), "utf8");
  for (const { option, key } of QUESTIONS) {
    expect(text).toContain(`\`--${option}\``);
    expect(text).toContain(key.split(".").at(-1));
  }
});

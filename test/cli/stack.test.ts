import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { changeConfig } from "../../cli/lib/configChange";
import { ROOT } from "../../cli/lib/paths";
import { pulumiEnvironment, Stack, selectedStack, stackOfCommandLine, userBackend } from "../../cli/lib/stack";
import { findCourse, loadStackConfig } from "../../cli/lib/stackConfig";
import { rawConfig } from "../support/stack";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "xwmooc-stack-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the environment of the Pulumi CLI", () => {
  it("has backend and passphrase of the stack dev only", () => {
    const dev = pulumiEnvironment("dev", { PULUMI_HOME: "/home" }, {});
    expect(dev).toMatchObject({ PULUMI_HOME: "/home", PULUMI_CONFIG_PASSPHRASE: "xwmooc-dev" });
    expect(dev.PULUMI_BACKEND_URL).toBe(`file://${ROOT}/.state/pulumi`);
    for (const stack of ["tokyo2", "acme/xwmooc/dev", undefined]) {
      const other = pulumiEnvironment(stack, {}, {});
      expect(Object.keys(other).filter((name) => /BACKEND|PASSPHRASE/.test(name))).toEqual([]);
    }
  });

  it("leaves alone what the user has set for the regions, and the stack dev where it is", () => {
    const user = {
      PULUMI_BACKEND_URL: "s3://states",
      PULUMI_CONFIG_PASSPHRASE: "theirs",
      PULUMI_SKIP_UPDATE_CHECK: "no",
    };
    expect(pulumiEnvironment("tokyo2", {}, user)).toEqual({});
    expect(pulumiEnvironment("dev", {}, user)).toMatchObject({
      PULUMI_BACKEND_URL: `file://${ROOT}/.state/pulumi`,
      PULUMI_CONFIG_PASSPHRASE: "xwmooc-dev",
    });
  });
});

describe("the backend of the regions' stacks", () => {
  it.each([
    [{}, undefined, undefined],
    [{}, "", undefined],
    [{}, "file:///states", "file:///states"],
    [{ PULUMI_BACKEND_URL: "s3://states" }, "file:///states", "s3://states"],
    [{ PULUMI_ACCESS_TOKEN: "pul-1" }, undefined, "https://api.pulumi.com"],
  ])("%j, logged in to %s", (user, current, backend) => {
    const home = mkdtempSync(join(folder, "home-"));
    if (current !== undefined) writeFileSync(join(home, "credentials.json"), JSON.stringify({ current }));
    expect(userBackend({ PULUMI_HOME: home }, user)).toBe(backend);
  });

  it("that nobody is logged in to is asked for nothing; the message names the ways to log in", async () => {
    const toolchain = { pulumi: "/nowhere/pulumi", env: { PULUMI_HOME: folder }, origin: "installed" } as const;
    for (const name of ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"]) vi.stubEnv(name, "");
    await expect(new Stack("tokyo2", toolchain).outputs()).rejects.toThrow(
      /not logged in[\s\S]* login [\s\S]* login file:\/\/FOLDER[\s\S]* login 's3:\/\//,
    );
    await expect(new Stack("dev", toolchain).outputs()).rejects.toThrow('"pulumi" is not installed');
    vi.unstubAllEnvs();
  });
});

describe("the stack of a Pulumi command line", () => {
  it.each([
    ["preview --stack tokyo2", "tokyo2"],
    ["preview --stack=tokyo2", "tokyo2"],
    ["-s tokyo2 up", "tokyo2"],
    ["up -s=tokyo2", "tokyo2"],
    ["preview", "selected"],
    ["stack init hongkong", "hongkong"],
    ["stack select dev", "dev"],
    ["stack init --copy-config-from dev tokyo3", "tokyo3"],
    ["stack init tokyo3 --secrets-provider passphrase", "tokyo3"],
    ["stack output address", "selected"],
    ["cancel dev", "dev"],
    ["config set key -- --stack", "selected"],
    ["login file:///tmp", undefined],
    ["version", undefined],
  ])("%s", (line, stack) => {
    expect(stackOfCommandLine(line.split(" "), "selected", undefined)).toBe(stack);
  });

  it.each(["stack ls", "stack init", "stack select"])(
    "%s is about the backend that the user is logged in to",
    (line) => {
      expect(stackOfCommandLine(line.split(" "), "selected", "file:///states")).toBeUndefined();
      expect(stackOfCommandLine(line.split(" "), "selected", undefined)).toBe("selected");
    },
  );

  it("is the selected one of the backend the user is logged in to, else ours", () => {
    const key = createHash("sha1").update(`${ROOT}/Pulumi.yaml`).digest("hex");
    const own = `file://${ROOT}/.state/pulumi`;
    const stacks = { [own]: "organization/xwmooc/dev", "https://api.pulumi.com": "acme/xwmooc/tokyo2" };
    mkdirSync(join(folder, "workspaces"));
    writeFileSync(join(folder, "workspaces", `xwmooc-${key}-workspace.json`), JSON.stringify({ stacks }));
    const home = { PULUMI_HOME: folder };
    expect(selectedStack(home, {})).toBe("organization/xwmooc/dev");
    expect(selectedStack(home, { PULUMI_BACKEND_URL: "https://api.pulumi.com" })).toBe("acme/xwmooc/tokyo2");
    writeFileSync(join(folder, "credentials.json"), JSON.stringify({ current: "https://api.pulumi.com" }));
    expect(selectedStack(home, {})).toBe("acme/xwmooc/tokyo2");
    expect(selectedStack(home, { PULUMI_STACK: "hongkong" })).toBe("hongkong");
    expect(selectedStack({ PULUMI_HOME: join(folder, "none") }, {})).toBeUndefined();
  });
});

describe("a stack's configuration", () => {
  let loggedIn: string;
  beforeAll(() => {
    loggedIn = mkdtempSync(join(folder, "logged-in-"));
    writeFileSync(join(loggedIn, "credentials.json"), JSON.stringify({ current: "file:///states" }));
  });

  /** A stand-in for the CLI that gives one answer. */
  function stackThatAnswers(script: string): Stack {
    const pulumi = join(folder, "pulumi");
    writeFileSync(pulumi, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const env = { PULUMI_CREDENTIALS_PATH: loggedIn };
    return new Stack("tokyo2", { pulumi, env, origin: "installed" });
  }

  it("is parsed as the Pulumi program does it, and names the courses when one is unknown", async () => {
    const { values } = rawConfig("tokyo2");
    const entries = Object.entries(values).map(([key, value]) => [key, { value, secret: true }]);
    writeFileSync(join(folder, "config.json"), JSON.stringify(Object.fromEntries(entries)));
    const { courses } = await loadStackConfig(stackThatAnswers(`cat ${folder}/config.json`));
    expect(findCourse(courses, "py4inf").source).toBe("py4inf_html");
    expect(() => findCourse(courses, "py4inff")).toThrow(
      'There is no course "py4inff". The courses are: csunplugged, pi, py4inf, rur-ple, scloud, swcarpentry.',
    );
  });

  it("is changed as a whole or, where a part of it fails, not at all", async () => {
    const before = readFileSync(`${ROOT}/Pulumi.tokyo2.yaml`);
    const stack = stackThatAnswers('echo "# changed" >> "$4"; case "$*" in *second*) echo "no" >&2; exit 1;; esac');
    const change = changeConfig(stack, async (set) => {
      await set("xwmooc:first", "1");
      expect(readFileSync(`${ROOT}/Pulumi.tokyo2.new.yaml`, "utf8")).toContain("# changed");
      await set("xwmooc:second", "2");
    });
    await expect(change).rejects.toThrow(/config set failed/);
    expect(readFileSync(`${ROOT}/Pulumi.tokyo2.yaml`)).toEqual(before);
    expect(existsSync(`${ROOT}/Pulumi.tokyo2.new.yaml`)).toBe(false);
  });

  it("of a stack that is not there", async () => {
    const stack = stackThatAnswers(`echo "error: no stack named 'tokyo2' found" >&2; exit 255`);
    await expect(loadStackConfig(stack)).rejects.toThrow(/There is no stack "tokyo2"/);
  });

  it("that Pulumi can't read, in Pulumi's own words", async () => {
    const stack = stackThatAnswers(`echo "error: incorrect passphrase" >&2; exit 255`);
    await expect(loadStackConfig(stack)).rejects.toThrow(/incorrect passphrase/);
  });
});

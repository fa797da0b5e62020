import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { policyEnvironment } from "../../cli/lib/policyPack";
import { parseConfig } from "../../config/parse";
import packConfig from "../../policy/config.json";
import { declare, type PlannedResource } from "../support/plan";
import { rawConfig, STACKS } from "../support/stack";
import { PackProcess } from "./packProcess";

vi.mock("../../provisioning/goProgram", () => ({
  buildUploadGateway: async () => ({ file: "/built/upload-gateway", fingerprint: "<fingerprint>" }),
}));

let pack: PackProcess;
beforeAll(async () => {
  pack = await PackProcess.start();
});
afterAll(() => pack.stop());

/** How Pulumi marks values on their way: secrets by this key, unknown texts by this text. */
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe.each(STACKS)("the stack %s", (stack) => {
  it("keeps every rule", async () => {
    const resources: PlannedResource[] = [];
    const isProtected = new Map<string, boolean>();
    const config = parseConfig(rawConfig(stack));
    await declare(config, (resource) => resources.push(resource), {
      transformations: [
        ({ type, name, opts }) => {
          isProtected.set(`${type} ${name}`, opts.protect ?? false);
          return undefined;
        },
      ],
    });
    expect(resources.length).toBeGreaterThan(20);
    for (const resource of resources) {
      const protect = isProtected.get(`${resource.type} ${resource.name}`) ?? false;
      expect(await pack.findings({ stack, ...resource, protect })).toEqual([]);
    }
    // The engine hands the pack its configuration; here nobody does.
    expect(packConfig["flavors-are-allowed"].allowed).toContain(config.webServer.flavor);
  });
});

describe("the pack", () => {
  it("names rule, resource and remedy in one line, as mandatory", async () => {
    const inputs = { direction: "ingress", protocol: "tcp", portRangeMin: 22, portRangeMax: 22, description: "SSH" };
    const type = "openstack:networking/secGroupRule:SecGroupRule";
    expect(
      await pack.findings({ type, name: "ssh", inputs: { ...inputs, remoteIpPrefix: "198.51.100.0/24" } }),
    ).toEqual([
      "ssh-is-from-configured-ranges: ssh opens SSH to 198.51.100.0/24, which is not in webServer.sshFrom of the stack's file: add it there.",
    ]);
  });

  it("sees that a command's text is secret, even one that is not known yet", async () => {
    const type = "command:local:Command";
    const line = "no-secret-in-commands: one shows a secret in create (Pulumi knows it as one): hand it over in stdin.";
    for (const create of [secret("echo"), secret(UNKNOWN)]) {
      expect(await pack.findings({ type, name: "one", inputs: { create } })).toEqual([line]);
    }
    const nested = { create: "echo", triggers: ["1", secret("2")] };
    expect(await pack.findings({ type, name: "one", inputs: nested })).toEqual([line.replace("create", "triggers")]);
  });

  it("says nothing of what a preview does not know yet", async () => {
    const type = "command:remote:Command";
    const connection = { host: UNKNOWN, hostKey: UNKNOWN, privateKey: secret(UNKNOWN) };
    expect(await pack.findings({ type, name: "one", inputs: { create: UNKNOWN, connection } })).toEqual([]);
    expect(
      await pack.findings({ type, name: "one", inputs: { create: "true", connection: secret(connection) } }),
    ).toEqual([]);
  });
});

it("our commands name the pack to Pulumi, unless the user has named another one", async () => {
  const env = policyEnvironment({});
  expect(env.PULUMI_OPTION_POLICY_PACK).toBe(pack.child.spawnfile);
  expect(env.PULUMI_OPTION_POLICY_PACK_CONFIG).toMatch(/\/policy\/config\.json$/);
  expect(policyEnvironment({ PULUMI_OPTION_POLICY_PACK: "/another" })).toEqual({});
});

import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { BlockList, isIPv4 } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

// What can be said about the dev cloud without starting one.

const devcloud = join(__dirname, "..", "devcloud");
const scratch = mkdtempSync(join(tmpdir(), "xwmooc-devcloud-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs the command with caches and state of its own, so that it never touches a cloud of this machine. */
function run(args: string[], { folder = devcloud, ...user }: { folder?: string; uid?: number } = {}) {
  const env = { ...process.env, XWMOOC_CACHE: join(scratch, "cache"), XWMOOC_STATE: join(scratch, "state") };
  return spawnSync(join(folder, "devcloud"), args, { env, encoding: "utf8", ...user });
}

const settings = Object.fromEntries(
  readFileSync(join(devcloud, "settings.env"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, key, value] = /^([A-Z][A-Z0-9_]*)=([^\s"'$`\\]+)$/.exec(line) ?? [];
      if (key === undefined || value === undefined)
        throw new Error(`settings.env: not a plain KEY=value line: ${line}`);
      return [key, value] as const;
    }),
);

function setting(key: string): string {
  const value = settings[key];
  if (value === undefined) throw new Error(`settings.env has no ${key}`);
  return value;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

describe("settings.env", () => {
  function network(key: string): BlockList {
    const [address, prefix] = setting(key).split("/");
    const list = new BlockList();
    list.addSubnet(address ?? "", Number(prefix));
    return list;
  }

  test("addresses lie in their networks", () => {
    for (const key of ["HOST_IP", "API_IP"]) expect(network("API_CIDR").check(setting(key)), key).toBe(true);
    for (const key of ["PUBLIC_GATEWAY", "PUBLIC_POOL_START", "PUBLIC_POOL_END"]) {
      expect(isIPv4(setting(key)), key).toBe(true);
      expect(network("PUBLIC_CIDR").check(setting(key)), key).toBe(true);
    }
  });

  test("URLs name the API's address", () => {
    expect(setting("AUTH_URL")).toBe(`http://${setting("API_IP")}:5000/v3`);
    expect(setting("SWIFT_V1_AUTH_URL")).toBe(`http://${setting("API_IP")}:8080/auth/v1.0`);
  });

  test("names on the machine carry the project's prefix and fit an interface", () => {
    for (const key of ["CONTAINER", "API_INTERFACE", "PUBLIC_INTERFACE", "NFT_TABLE"]) {
      expect(setting(key)).toMatch(/^xwmooc/);
    }
    for (const key of ["API_INTERFACE", "PUBLIC_INTERFACE"]) expect(setting(key).length).toBeLessThanOrEqual(15);
  });

  test("has every key that a file of a service asks for", () => {
    for (const path of filesBelow(join(devcloud, "services"))) {
      for (const [, key] of readFileSync(path, "utf8").matchAll(/@([A-Z][A-Z0-9_]*)@/g)) {
        expect(settings, path).toHaveProperty(key ?? "");
      }
    }
  });
});

describe("recipes", () => {
  const copy = join(scratch, "devcloud");

  /** The hashes of a fresh copy of devcloud/ after `change`. */
  function recipes(change: (folder: string) => void = () => {}) {
    rmSync(copy, { recursive: true, force: true });
    cpSync(devcloud, copy, { recursive: true });
    change(copy);
    const script = `set -e; HERE=$1; . "$HERE/settings.env"
      for part in host build recipe; do . "$HERE/lib/$part.sh"; done
      debian_sources() { echo "deb sources"; }; apt_settings() { :; }
      for recipe in packages golden tree images; do echo "$recipe $("$recipe"_recipe)"; done`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, "-", copy], { encoding: "utf8" });
    expect(stderr).toBe("");
    return Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")),
    );
  }

  const before = recipes();
  const changedBy = (change: (folder: string) => void) => {
    const after = recipes(change);
    return Object.keys(before).filter((name) => before[name] !== after[name]);
  };
  const touch = (file: string) => (folder: string) => appendFileSync(join(folder, file), "\n# changed\n");

  test("stay the same when nothing that counts changed", () => {
    expect(Object.values(before)).toEqual(Array(4).fill(expect.stringMatching(/^[0-9a-f]{16}$/)));
    expect(changedBy(() => {})).toEqual([]);
    expect(changedBy(touch("inside/status.py"))).toEqual([]);
    expect(changedBy(touch("lib/build.sh"))).toEqual([]); // a comment: the functions are what counts
  });

  test("change with what goes into each of them, and with nothing else", () => {
    expect(changedBy(touch("packages"))).toEqual(["packages", "golden"]);
    expect(changedBy(touch("settings.env"))).toEqual(["golden"]);
    expect(changedBy(touch("services/nova/files/etc/nova/nova.conf"))).toEqual(["golden"]);
    expect(changedBy(touch("image/packages"))).toEqual(["tree", "images"]);
    expect(changedBy(touch("image/files/etc/cloud/cloud.cfg"))).toEqual(["images"]);
  });
});

describe("devcloud", () => {
  test("status --json of a cloud that is not built", () => {
    const { status, stdout } = run(["status", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ running: false, built: false, services: {}, servers: [], memoryMiB: 0 });
  });

  test("status says what to do", () => {
    expect(run(["status"]).stdout).toBe("The dev cloud is not built yet: devcloud up\n");
  });

  test("an unknown verb shows the usage", () => {
    const { status, stderr } = run(["start"]);
    expect(status).toBe(2);
    expect(stderr).toContain("devcloud VERB");
  });

  // nobody, where the tests run as root; who can't read root's home, if this is there
  const user = { ...(process.getuid?.() === 0 && { uid: 65534 }), folder: join(scratch, "readable") };
  test.each([["up"], ["build"], ["down"], ["clean"], ["exec", "true"], ["set-v1-key", "key"]])(
    "%s needs root",
    (...args) => {
      chmodSync(scratch, 0o755);
      cpSync(devcloud, user.folder, { recursive: true });
      mkdirSync(join(scratch, "state"), { recursive: true });
      const { status, stdout, stderr } = run(args, user);
      expect(stderr).toBe("devcloud: needs root: run it as root or with sudo.\n");
      expect(stdout).toBe("");
      expect(status).toBe(1);
    },
  );
});

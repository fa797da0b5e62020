import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { loginOf, withSshLogin } from "../../cli/lib/ssh";

const outputs = {
  siteUrl: "http://192.0.2.1/",
  courseUrls: {},
  containers: {},
  address: "192.0.2.1",
  sshUser: "debian",
  sshHostKey: "ssh-ed25519 AAAA\n",
  sshPrivateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----",
};

it("an SSH login pins the host key, and its key lies in a private folder only as long as it is used", async () => {
  let key = "";
  const login = withSshLogin(outputs, async (args) => {
    expect(args.slice(0, 2)).toEqual(["-F", "/dev/null"]);
    expect(args.at(-1)).toBe("debian@192.0.2.1");
    expect(args).toContain("StrictHostKeyChecking=yes");
    expect(args.join(" ")).not.toContain("secret");
    const fileOf = (option: string) => args.find((one) => one.startsWith(`${option}=`))?.split("=")[1] ?? "";
    key = fileOf("IdentityFile");
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(key)).mode & 0o777).toBe(0o700);
    expect(readFileSync(key, "utf8")).toBe(`${outputs.sshPrivateKey}\n`);
    expect(readFileSync(fileOf("UserKnownHostsFile"), "utf8")).toBe("192.0.2.1 ssh-ed25519 AAAA\n");
    throw new Error("the connection broke");
  });
  await expect(login).rejects.toThrow("the connection broke");
  expect(existsSync(dirname(key))).toBe(false);
});

describe("of several web servers", () => {
  const servers = [
    { name: "dev-web", address: "192.0.2.1", sshHostKey: "ssh-ed25519 AAAA" },
    { name: "dev-web-2", address: "192.0.2.2", sshHostKey: "ssh-ed25519 BBBB" },
  ];

  it("one is logged in to by its own address and host key", () => {
    expect(loginOf({ ...outputs, servers }, 2)).toMatchObject({
      address: "192.0.2.2",
      sshHostKey: "ssh-ed25519 BBBB",
      sshUser: "debian",
      sshPrivateKey: outputs.sshPrivateKey,
    });
    expect(loginOf(outputs, 1)).toMatchObject({ address: "192.0.2.1", sshHostKey: outputs.sshHostKey });
  });

  it("one that is not there is told by number", () => {
    expect(() => loginOf({ ...outputs, servers }, 3)).toThrow("The stack has 2 web servers: --server must be 1 to 2.");
    expect(() => loginOf(outputs, 2)).toThrow("The stack has one web server: leave --server out.");
  });
});

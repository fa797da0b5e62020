import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerOutput } from "../../components/datacenter";
import { UserError } from "./errors";
import type { StackOutputs } from "./stack";

/** The way in to one web server. */
export type Login = Pick<StackOutputs, "address" | "sshUser" | "sshHostKey" | "sshPrivateKey">;

/** The web servers of a stack, the first one first. */
export function serversOf({ servers, address, sshHostKey }: StackOutputs): ServerOutput[] {
  return servers ?? [{ name: "web server", address, sshHostKey }];
}

/**
 * The way in to one web server.
 * @param number counted from 1
 * @throws UserError naming the numbers there are
 */
export function loginOf(outputs: StackOutputs, number: number): Login {
  const servers = serversOf(outputs);
  const server = servers[number - 1];
  if (server) return { ...outputs, address: server.address, sshHostKey: server.sshHostKey };
  throw new UserError(
    servers.length === 1
      ? "The stack has one web server: leave --server out."
      : `The stack has ${servers.length} web servers: --server must be 1 to ${servers.length}.`,
  );
}

/**
 * Arguments for `ssh` that log in to a web server with the stack's key and accept the server's own host key only. The key lies
 * in a private folder while `use` runs, and is gone when the process ends, however it ends short of SIGKILL.
 * @param use gets the arguments up to and including the destination.
 */
export async function withSshLogin<Result>(
  { address, sshUser, sshHostKey, sshPrivateKey }: Login,
  use: (args: string[]) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "xwmooc-ssh-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.on("exit", remove);
  try {
    const key = join(folder, "key");
    const knownHosts = join(folder, "known_hosts");
    writeFileSync(key, `${sshPrivateKey.trimEnd()}\n`, { mode: 0o600 });
    writeFileSync(knownHosts, `${address} ${sshHostKey.trim()}\n`, { mode: 0o600 });
    const options = {
      IdentityFile: key,
      IdentitiesOnly: "yes",
      IdentityAgent: "none",
      UserKnownHostsFile: knownHosts,
      GlobalKnownHostsFile: "/dev/null",
      StrictHostKeyChecking: "yes",
      BatchMode: "yes",
      ConnectTimeout: "15",
      ServerAliveInterval: "15",
      LogLevel: "ERROR",
    };
    const args = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    // No configuration of the user's own: it could send us elsewhere.
    return await use(["-F", "/dev/null", ...args, `${sshUser}@${address}`]);
  } finally {
    remove();
    process.off("exit", remove);
  }
}

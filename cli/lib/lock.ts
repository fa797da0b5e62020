import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import { UserError } from "./errors";
import { ROOT } from "./paths";

/**
 * Makes sure that no other command of this clone changes the dev cloud or its stack at the same time. The lock is a socket in
 * Linux's abstract namespace: the kernel frees it when its process ends, however it ends, so a lock can't be left behind.
 * @param what the command that takes the lock, for the message of the other one.
 * @throws UserError when another process holds it, with its command and process number.
 */
export async function takeLock(
  what: string,
  name = `xwmooc-${createHash("sha256").update(ROOT).digest("hex").slice(0, 16)}`,
) {
  const address = `\0${name}`;
  const server = createServer((socket) => socket.end(`${what} (process ${process.pid})`));
  await new Promise<void>((resolve, reject) => {
    server.once("error", async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      const holder = await askHolder(address);
      reject(new UserError(`${holder} is at work on the dev cloud: wait until it has ended, or stop it.`));
    });
    server.listen(address, resolve);
  });
  server.unref();
  return { release: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

function askHolder(address: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(address);
    const finish = () => {
      socket.destroy();
      resolve(answer || "Another command of this project");
    };
    socket.setTimeout(2000, finish);
    socket.setEncoding("utf8").on("data", (data) => {
      answer += data;
    });
    socket.on("close", finish).on("error", finish);
  });
}

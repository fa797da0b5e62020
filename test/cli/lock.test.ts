import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { takeLock } from "../../cli/lib/lock";

const name = `xwmooc-test-${process.pid}`;

describe("the lock", () => {
  it("tells who holds it, and is free again after release", async () => {
    const lock = await takeLock("npm run up", name);
    await expect(takeLock("npm run down", name)).rejects.toThrow(`npm run up (process ${process.pid}) is at work`);
    await lock.release();
    await (await takeLock("npm run down", name)).release();
  });

  it("is free again when its holder was killed", async () => {
    const script = `require(${JSON.stringify(join(__dirname, "../../cli/lib/lock.ts"))}).takeLock("npm run up", ${JSON.stringify(name)})
      .then(() => { console.log("held"); setInterval(() => {}, 1000); })`;
    const holder = spawn(process.execPath, ["--import", "tsx", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    await expect(takeLock("npm run down", name)).rejects.toThrow(`npm run up (process ${holder.pid}) is at work`);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    await (await takeLock("npm run down", name)).release();
  });
});

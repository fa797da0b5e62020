import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../cli/lib/run";

const LIB = join(__dirname, "../../cli/lib");

describe("running a program", () => {
  it("gives its output, and each line as it comes", async () => {
    const lines: string[] = [];
    const output = await run("sh", ["-c", "echo out; echo err >&2; echo $WORD"], {
      env: { WORD: "word" },
      onLine: (line) => lines.push(line),
    });
    expect(output).toBe("out\nword");
    expect(lines.sort()).toEqual(["err", "out", "word"]);
  });

  it("that fails: its command without arguments, and its last words", async () => {
    const failing = run("sh", ["-c", "echo the reason >&2; exit 3; # password"]);
    await expect(failing).rejects.toThrow(/^sh failed \(exit code 3\)\.\nthe reason$/);
    await expect(run("git", ["no-such-command", "--secret"])).rejects.toThrow(/^git no-such-command failed/);
  });

  it("that is missing, that takes too long", async () => {
    await expect(run("no-such-program", [])).rejects.toMatchObject({ reason: "missing" });
    await expect(run("sleep", ["60"], { timeoutSeconds: 0.2 })).rejects.toMatchObject({ reason: "timeout" });
  });

  it("that leaves something running: does not wait for that", async () => {
    expect(await run("sh", ["-c", "sleep 60 & echo done"])).toBe("done");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("ends with us on %s, its descendants too", async (signal) => {
    const script = `
      require("${LIB}/interruption.ts").listenForInterruption();
      require("${LIB}/errors.ts").runMain(() =>
        require("${LIB}/run.ts").run("sh", ["-c", "sleep 60 & echo $!; wait"], { onLine: console.log }));`;
    const us = spawn(process.execPath, ["--import", "tsx", "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
    const [line] = (await once(us.stdout, "data")) as [Buffer];
    const grandchild = Number(line.toString());
    expect(isAlive(grandchild)).toBe(true);
    us.kill(signal);
    const [message] = (await once(us.stderr, "data")) as [Buffer];
    expect(message.toString()).toMatch(/^Interrupted\. Nothing is lost: run the command again/);
    const [code] = (await once(us, "exit")) as [number];
    expect(code).toBe(130);
    await expect.poll(() => isAlive(grandchild)).toBe(false);
  });
});

/** A zombie is not alive; it only waits for a parent that may never look. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, "utf8"));
}

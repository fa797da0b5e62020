// npm run bench:preview: `pulumi preview` and an `up` that changes nothing, beside a Pulumi program with nothing in it.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArguments, usageError } from "../../cli/lib/arguments";
import { runMain } from "../../cli/lib/errors";
import { listenForInterruption } from "../../cli/lib/interruption";
import { DEVCLOUD, ROOT } from "../../cli/lib/paths";
import { Lane } from "../../cli/lib/progress";
import { run } from "../../cli/lib/run";
import { DEV, Stack } from "../../cli/lib/stack";
import { readyToolchain } from "../../cli/lib/toolchain";

const USAGE = `Usage: npm run bench:preview -- [--rounds NUMBER]

Measures the stack dev, which must be up, and an empty Pulumi program in turn; medians, and how many times as long the stack takes. Once
while the dev cloud's emulated server runs on the same processors, and once while it is paused: no other region has its servers here.
  --rounds NUMBER  (default: 5)`;

const COMMANDS = {
  preview: ["preview", "--suppress-progress"],
  "up without a change": ["up", "--yes", "--skip-preview", "--suppress-progress", "--expect-no-changes"],
};

type Program = (args: string[]) => Promise<string>;

runMain(async () => {
  const { values, positionals } = parseArguments(USAGE, { rounds: { type: "string", default: "5" } });
  if (positionals.length > 0) throw usageError(`"${positionals[0]}" is too much.`, USAGE);
  if (!/^[1-9]\d?$/.test(values.rounds)) throw usageError("--rounds must be a whole number from 1 to 99.", USAGE);
  listenForInterruption();
  const lane = new Lane("bench");
  const stack = new Stack(DEV, await readyToolchain());
  const folder = mkdtempSync(join(tmpdir(), "xwmooc-empty-"));
  try {
    const empty = await emptyProgram(stack, folder);
    const lines: string[] = [];
    const measure = async (title: string) => {
      const compared = await compare({ empty, stack: (args) => stack.pulumi(args) }, Number(values.rounds), (what) =>
        lane.line(`${title}: ${what}`),
      );
      lines.push(title, ...compared);
    };
    await measure("beside the server");
    await whilePaused(() => measure("the server paused"));
    lane.end();
    process.stdout.write(`${lines.join("\n")}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return 0;
});

/** Runs each command of both programs in turn. @returns a line for each command */
async function compare(
  programs: { empty: Program; stack: Program },
  rounds: number,
  progress: (what: string) => void,
): Promise<string[]> {
  const lines: string[] = [];
  for (const [name, args] of Object.entries(COMMANDS)) {
    const times: Record<keyof typeof programs, number[]> = { empty: [], stack: [] };
    for (let round = 0; round <= rounds; round++) {
      progress(`${name}, round ${round} of ${rounds}`);
      const measured = { empty: await seconds(programs.empty, args), stack: await seconds(programs.stack, args) };
      // The first one fills the machine's caches.
      if (round === 0) continue;
      times.empty.push(measured.empty);
      times.stack.push(measured.stack);
    }
    const [nothing, all] = [median(times.empty), median(times.stack)];
    const ratio = (all / nothing).toFixed(2);
    lines.push(`  ${name.padEnd(20)} ${all.toFixed(2)} s, an empty program ${nothing.toFixed(2)} s (${ratio} times)`);
  }
  return lines;
}

/** A project of its own, in TypeScript by Pulumi's loader, with the same compiler options and kind of backend. */
async function emptyProgram(stack: Stack, folder: string): Promise<Program> {
  const manifest = "name: empty\nruntime:\n  name: nodejs\n  options:\n    typescript: true\nmain: index.ts\n";
  writeFileSync(join(folder, "Pulumi.yaml"), manifest);
  writeFileSync(join(folder, "index.ts"), 'import "@pulumi/pulumi";\n');
  for (const name of ["node_modules", "tsconfig.json", "package.json"])
    symlinkSync(join(ROOT, name), join(folder, name));
  const { PULUMI_OPTION_POLICY_PACK: _pack, PULUMI_OPTION_POLICY_PACK_CONFIG: _config, ...own } = stack.env;
  const env = { ...own, PULUMI_BACKEND_URL: `file://${folder}` };
  const program: Program = (args) =>
    run(stack.toolchain.pulumi, [...args, "--stack", "empty", "--non-interactive"], { cwd: folder, env });
  await program(["stack", "init"]);
  await program(["up", "--yes", "--skip-preview"]);
  return program;
}

/** Does something while no server of the dev cloud takes processor time. */
async function whilePaused(work: () => Promise<void>): Promise<void> {
  const virsh = (...args: string[]) => run(DEVCLOUD, ["exec", "virsh", ...args]);
  const servers = (await virsh("list", "--name")).split("\n").filter((name) => name.trim() !== "");
  try {
    for (const server of servers) await virsh("suspend", server);
    await work();
  } finally {
    for (const server of servers) await virsh("resume", server);
  }
}

async function seconds(program: Program, args: string[]): Promise<number> {
  const begin = performance.now();
  await program(args);
  return (performance.now() - begin) / 1000;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

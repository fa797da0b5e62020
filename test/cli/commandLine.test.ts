import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../cli/lib/paths";

/** Runs a command as its npm script does. */
function command(name: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", join(ROOT, "cli", `${name}.ts`), ...args],
    {
      encoding: "utf8",
      cwd: ROOT,
    },
  );
  return { status, stdout, stderr };
}

describe("a command line that does not fit", () => {
  it.each([
    ["up", ["--drivr", "rclone"], /Unknown option '--drivr'/],
    ["up", ["--driver", "s3fs"], /--driver s3fs is unknown: give cloudfuse or rclone/],
    ["clean", ["--cache"], /Unknown option '--cache'/],
    ["status", ["--stack"], /--stack <value>' argument missing/],
    ["status", ["--json", "--watch"], /--json and --watch exclude each other/],
    ["upload", ["py4inf"], /COURSE and FOLDER are needed/],
    ["upload", ["py4inf", "a", "b"], /"b" is too much/],
    ["restore", [], /COURSE is needed/],
    ["restore", ["pi", "a", "b"], /"b" is too much/],
    ["restore", ["pi", "a", "--all"], /--all excludes OBJECT and --list/],
    ["restore", ["pi", "--all"], /--all needs --before: the time to go back to/],
    ["restore", ["pi", "--before", "2026-11-23"], /--before 2026-11-23 is not a time with its zone, such as 2026-/],
    ["ssh", ["--stak", "dev"], /Unknown option --stak/],
    ["ssh", ["--server", "two"], /--server must be a number, 1 for the first; it is "two"/],
    ["newAuthor", ["kim"], /NAME and --course are needed/],
    ["newAuthor", ["kim", "--course", "pi", "--right", "write"], /--right write is unknown: give read, upload, delete/],
    ["newPassword", [], /NAME is needed/],
    ["ciPreview", ["--comment", "main"], /--comment main is not the number of a pull request/],
    ["ciPreview", ["--issue"], /--issue needs --drift/],
    ["newRegion", ["--username", "SL1-2:SL1"], /NAME is needed/],
    ["newRegion", ["seoul", "--usrname", "SL1-2:SL1"], /Unknown option '--usrname'/],
    ["uploadSite", ["kim"], /"kim" is too much/],
  ])("%s %j: one message, the usage, no stack trace", (name, args, message) => {
    const { status, stdout, stderr } = command(name, ...args);
    expect(stderr).toMatch(message);
    expect(stderr).toContain("Usage: npm run");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });

  it.each([
    [["dev"], 2, "The stack dev is the one of the dev cloud: give the region another name."],
    [["Seoul"], 2, 'NAME must be lower-case letters, digits and hyphens; it is "Seoul".'],
    [["tokyo2"], 1, "Pulumi.tokyo2.yaml is there already: change it by hand, or replace it with --overwrite"],
    [["seoul", "--copy-courses-from", "osaka"], 1, 'no stack "osaka" to copy courses from. There are: hongkong,'],
    [["seoul"], 2, "These options are missing:\n  --auth-url: Authentication URL of the object store (SoftLayer:"],
  ])("newRegion %j: what is wrong, and nothing is written", (args, code, message) => {
    const { status, stdout, stderr } = command("newRegion", ...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(status).toBe(code);
  });

  it.each(["down", "clean", "ssh"])("%s --help explains itself", (name) => {
    const { status, stdout, stderr } = command(name, "--help");
    expect(stdout).toContain(`Usage: npm run ${name}`);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

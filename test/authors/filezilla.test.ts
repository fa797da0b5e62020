// npm run test:authors: a real FileZilla, with the file of `npm run upload-site`, uploads a site into the running stack dev. By hand: it
// needs filezilla, xvfb, openbox and xdotool.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { get, md5, npm, type Outputs, outputs, store, until } from "../e2e/support/project";

const PROGRAMS = ["filezilla", "Xvfb", "openbox", "xdotool"];
const missing = PROGRAMS.filter((program) => spawnSync("which", [program]).status !== 0);
if (missing.length > 0) console.warn(`FileZilla is not tried: ${missing.join(", ")} missing`);

const PASSWORD = "xwmooc-dev";
const COURSE = "csunplugged";
const FILES: Record<string, string> = {
  "filezilla/index.html": "<h1>Uploaded by FileZilla</h1>\n",
  "filezilla/한글 문서.html": "<p>한글</p>\n",
  "filezilla/그림/점.svg": '<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>\n',
  "filezilla/empty.css": "",
  "filezilla.html": '<a href="filezilla/">the folder</a>\n',
};

describe.skipIf(missing.length > 0)("FileZilla", { timeout: 10 * 60_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), "xwmooc-filezilla-"));
  const running: ChildProcess[] = [];
  let site: Outputs;
  let display = "";

  const start = (program: string, ...args: string[]) => {
    const env = { ...process.env, HOME: home, DISPLAY: display, LANG: "C.UTF-8" };
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "ignore"] });
    running.push(child);
    return child;
  };
  const xdotool = (...args: string[]) => spawnSync("xdotool", args, { env: { ...process.env, DISPLAY: display } });
  const windowNamed = (name: string) => xdotool("search", "--onlyvisible", "--name", name).stdout.toString().trim();

  beforeAll(async () => {
    await npm("up");
    site = await outputs();
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(join(home, "course", name, ".."), { recursive: true });
      writeFileSync(join(home, "course", name), text);
    }
    const config = join(home, ".config/filezilla");
    mkdirSync(config, { recursive: true });
    await npm("upload-site", "--account", "author", "--output", join(home, "site.xml"));
    // What the author types into FileZilla's question.
    const password = `<Pass encoding="base64">${Buffer.from(PASSWORD).toString("base64")}</Pass>`;
    const sites = readFileSync(join(home, "site.xml"), "utf8").replaceAll(
      "<Logontype>2</Logontype>",
      `<Logontype>1</Logontype>${password}`,
    );
    writeFileSync(
      join(config, "sitemanager.xml"),
      sites.replaceAll("<SyncBrowsing>", `<RemoteDir>1 0 ${COURSE.length} ${COURSE}</RemoteDir><SyncBrowsing>`),
    );
    // No welcome, no search for updates, and files as they are (see the README).
    const settings = { "Greeting version": "9.0.0", "Update Check": "0", "Ascii Binary mode": "2" };
    const xml = Object.entries(settings).map(([key, value]) => `<Setting name="${key}">${value}</Setting>`);
    writeFileSync(join(config, "filezilla.xml"), `<FileZilla3><Settings>${xml.join("")}</Settings></FileZilla3>`);
    const screen = start("Xvfb", "-displayfd", "1", "-screen", "0", "1280x900x24");
    display = await new Promise((resolve) =>
      screen.stdout?.once("data", (number) => resolve(`:${String(number).trim()}`)),
    );
    start("openbox");
  }, 40 * 60_000);

  afterAll(async () => {
    for (const child of running.reverse()) child.kill();
    const swift = store();
    for (const name of Object.keys(FILES)) await swift.delete(COURSE, name).catch(() => undefined);
    rmSync(home, { recursive: true });
  });

  it.each(["dev author", "dev author (SFTP)"])(
    "uploads a folder with the site %j, and the site serves it",
    async (name) => {
      const swift = store();
      const filezilla = start("filezilla", `--site=0/${name}`, `--local=${join(home, "course")}`);
      // Nobody has seen the server before: its certificate, or its host key.
      const question = name.includes("SFTP") ? "Unknown host key" : "Unknown certificate";
      await until(`FileZilla asks about an ${question}`, 90, async () => windowNamed(question) !== "");
      xdotool("windowfocus", "--sync", windowNamed(question), "key", "Return");
      await until("it is answered", 10, async () => windowNamed(question) === "");
      // The emulated server takes a while to log in to; before, nothing can be uploaded.
      await sleep(15_000);
      // Into the list of local files, below the last of them; all of them; and of the menu of one of them the first entry: Upload.
      const steps =
        "mousemove 200 480 click 1 sleep 0.5 key ctrl+a sleep 0.5 mousemove 60 350 click 3 sleep 1 key Down key Return";
      xdotool(...steps.split(" "));
      const stored = async () => new Map((await swift.list(COURSE)).map((object) => [object.name, object.hash]));
      await until("all files are stored", 120, async () => {
        const found = await stored();
        return Object.entries(FILES).every(([file, text]) => found.get(file) === md5(Buffer.from(text)));
      });
      for (const [file, text] of Object.entries(FILES)) {
        const url = `${site.courseUrls[COURSE]}${file.split("/").map(encodeURIComponent).join("/")}`;
        await until(`${file} is served`, 30, async () => (await get(url)).body.toString() === text);
      }
      filezilla.kill();
      for (const file of Object.keys(FILES)) await swift.delete(COURSE, file);
      expect((await stored()).has("filezilla.html")).toBe(false);
    },
  );
});

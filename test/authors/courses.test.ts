// npm run test:authors: what authors do with all six courses, through the upload gateway of the running stack dev. By hand: it takes
// longer than CI has, and needs lftp.
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleOf } from "../../cli/lib/samples";
import type { SwiftClient } from "../../swift/client";
import {
  config,
  each,
  get,
  md5,
  npm,
  type Outputs,
  ok,
  onServer,
  outputs,
  run,
  store,
  until,
} from "../e2e/support/project";
import { urlOf } from "../e2e/support/site";

const PASSWORD = "xwmooc-dev";
/** The folder of each course that this puts its content into. */
const FOLDER = "by-author";
const SETTINGS = `set ssl:verify-certificate no; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set sftp:auto-confirm yes
set net:timeout 60; set cmd:fail-exit yes; set mirror:parallel-transfer-count 4
`;

const hasLftp = spawnSync("lftp", ["--version"]).status === 0;
if (!hasLftp) console.warn("nothing is tested: lftp is missing (apt-get install lftp)");

describe.skipIf(!hasLftp)("the six courses, by the upload gateway", { timeout: 40 * 60_000 }, () => {
  let site: Outputs;
  let swift: SwiftClient;
  const work = mkdtempSync(join(tmpdir(), "xwmooc-authors-"));

  beforeAll(async () => {
    await npm("up");
    site = await outputs();
    swift = store();
  }, 40 * 60_000);
  afterAll(() => rmSync(work, { recursive: true }));

  const lftp = (protocol: string, commands: string) =>
    ok("lftp", ["-u", `author,${PASSWORD}`, urlOfGateway(protocol)], `${SETTINGS}${commands}\n`);
  const urlOfGateway = (protocol: string) =>
    protocol === "SFTP" ? `sftp://${site.address}:2022` : `ftp://${site.address}`;

  it.each(config.courses.map((course, i) => [course.name, i % 2 === 0 ? "FTP over TLS" : "SFTP", course] as const))(
    "%s is uploaded, changed, renamed and deleted by %s",
    async (name, protocol, course) => {
      const sample = await sampleOf(name, console.log);
      if (sample === undefined) throw new Error(`no sample content for ${name}`);
      const local = join(work, name);
      cpSync(sample.folder, local, { recursive: true, dereference: true, filter: isThere });
      const remote = `/${name}/${FOLDER}`;
      const prefix = course.source === "" ? `${FOLDER}/` : `${course.source}/${FOLDER}/`;
      const mirror = () => lftp(protocol, `mirror --reverse --delete ${local} ${remote}`);

      /** What is stored, and what the site serves, is what the author has, byte for byte. */
      const expectSame = async (step: string, began: number) => {
        const uploaded = Date.now();
        const files = new Map(filesOf(local).map((file) => [file, md5(readFileSync(join(local, file)))]));
        const objects = (await swift.list(course.container, prefix)).filter(
          ({ contentType }) => contentType !== "application/directory",
        );
        const stored = new Map(objects.map((object) => [object.name.slice(prefix.length), object.hash]));
        expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(files));
        const differs: string[] = [...files.keys()];
        await until(`${name}: the site is what was uploaded`, 120, async () => {
          const rest = differs.splice(0);
          await each(rest, 8, async (file) => {
            const { status, body } = await get(urlOf(site.siteUrl, course, prefix + file));
            if (status !== 200 || md5(body) !== files.get(file)) differs.push(file);
          });
          return differs.length === 0;
        });
        const seconds = (ms: number) => (ms / 1000).toFixed(1);
        console.log(
          `${name}: ${step} by ${protocol}: ${files.size} files in ${seconds(uploaded - began)} s, compared ${seconds(Date.now() - uploaded)} s later`,
        );
      };

      let began = Date.now();
      await mirror();
      await expectSame("uploaded", began);

      const some = filesOf(local).filter((_, i) => i % 20 === 0);
      for (const file of some) appendFileSync(join(local, file), `\n<!-- changed by ${protocol} -->\n`);
      began = Date.now();
      await mirror();
      await expectSame(`${some.length} changed`, began);

      const first = filesOf(local)[0] as string;
      renameSync(join(local, first), join(local, "이름이 바뀐 파일.html"));
      const folder = readdirSync(local).find((one) => statSync(join(local, one)).isDirectory());
      if (folder !== undefined) renameSync(join(local, folder), join(local, `${folder} 2`));
      began = Date.now();
      await lftp(
        protocol,
        `mv "${remote}/${first}" "${remote}/이름이 바뀐 파일.html"${folder === undefined ? "" : `\nmv "${remote}/${folder}" "${remote}/${folder} 2"`}`,
      );
      await expectSame("renamed", began);

      await lftp(protocol, `rm -r "${remote}"`);
      expect(await swift.list(course.container, prefix)).toEqual([]);
      const gone = urlOf(site.siteUrl, course, `${prefix}이름이 바뀐 파일.html`);
      // Half of what the course had is gone: the publisher holds that back until someone says that it is meant.
      await until(`${name}: what was deleted is gone`, 120, async () => {
        await run("npm", ["run", "--silent", "ssh", "--", "--stack", "dev", `sudo site-publisher approve ${name}`]);
        return (await get(gone)).status === 404;
      });
    },
  );

  it("the store and the site are as they were before", async () => {
    for (const course of config.courses) {
      expect((await get(site.courseUrls[course.name] ?? "")).status).toBe(200);
      expect(await onServer(`sudo site-publisher status ${course.name}`)).toContain("current");
    }
  });
});

/** Packages have links to what other packages would bring. */
function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
}

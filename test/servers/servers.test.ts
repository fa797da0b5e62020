import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devRoots, resolveDevName } from "../../cli/lib/devNames";
import { Portal } from "../e2e/support/portal";
import { config, npm, outputs, pulumi, ROOT, until } from "../e2e/support/project";
import { restore, thin } from "./largeCourses";

// Two web servers of the stack dev behind its DNS: one is added, and both are made anew, while visitors come.
const FILE = join(ROOT, "Pulumi.dev.yaml");
const backup = mkdtempSync(join(tmpdir(), "xwmooc-servers-"));
/** A copy of the one that the servers are made of. */
const ANOTHER_IMAGE = "another-image";
let portal: Portal;
let thinSince: Date;

beforeAll(async () => {
  copyFileSync(FILE, join(backup, "dev.yaml"));
  await npm("up", "--site", "https");
  thinSince = await thin();
  portal = await Portal.signIn();
});
afterAll(async () => {
  copyFileSync(join(backup, "dev.yaml"), FILE);
  rmSync(backup, { recursive: true });
  await portal.deleteImages(ANOTHER_IMAGE);
  await restore(thinSince);
});

const set = (path: string, value: string) => pulumi("config", "set", "--path", `xwmooc:webServer.${path}`, value);

/** GET at one address. */
async function getAt(address: string, { hostname, pathname }: URL): Promise<number> {
  const response = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    const options = {
      lookup: (_name: string, { all }: { all?: boolean }, done: (...args: unknown[]) => void) =>
        all ? done(null, [{ address, family: 4 }]) : done(null, address, 4),
      ca: devRoots(),
      signal: AbortSignal.timeout(10_000),
      agent: false as const,
    };
    request({ hostname, path: pathname, ...options } as object, resolve)
      .on("error", reject)
      .end();
  });
  await buffer(response);
  return response.statusCode ?? 0;
}

/** As a browser: asks the DNS, and tries the next address where there is no connection. */
async function visit(url: URL): Promise<number> {
  let problem: unknown;
  for (const address of await resolveDevName(url.hostname)) {
    try {
      return await getAt(address, url);
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

/** Visits until told to stop. @returns also how long the slowest visit took: one may wait at an address before it takes the next */
function visitors(url: URL): () => Promise<{ visits: number; slowest: string; failures: string[] }> {
  const failures: string[] = [];
  let visits = 0;
  let slowest = 0;
  let going = true;
  const loop = (async () => {
    while (going) {
      visits++;
      const begin = performance.now();
      const status = await visit(url).catch((error: Error) => error.message);
      slowest = Math.max(slowest, performance.now() - begin);
      if (status !== 200) failures.push(`${new Date().toISOString()} ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  return async () => {
    going = false;
    await loop;
    return { visits, slowest: `the slowest took ${(slowest / 1000).toFixed(1)} s`, failures };
  };
}

it("a second server is one word in the configuration, and no visitor notices", async () => {
  const { siteUrl } = await outputs();
  const stop = visitors(new URL(siteUrl));
  await set("count", "2");
  await pulumi("up", "--yes");
  const { servers } = await outputs();
  const addresses = servers.map(({ address }) => address);
  expect(addresses).toHaveLength(2);
  await until("the DNS knows both", 60, async () => {
    return (await resolveDevName(new URL(siteUrl).hostname)).sort().join() === [...addresses].sort().join();
  });
  for (const address of addresses) expect(await getAt(address, new URL("pi/", siteUrl))).toBe(200);
  expect(await npm("status")).toContain("Everything works.");
  const { visits, slowest, failures } = await stop();
  console.log(`${visits} visits while the second server came, ${slowest}`);
  expect(failures).toEqual([]);
});

it("another image, login key and host key come to one server after the other, and no visitor notices", async () => {
  const before = await outputs();
  await portal.copyImage(config.webServer.image, ANOTHER_IMAGE);
  await set("image", ANOTHER_IMAGE);
  const stop = visitors(new URL("pi/", before.siteUrl));
  const keys = ["--replace", "**dev-web-login-key-generate", "--replace", "**dev-web-host-key-generate"];
  await pulumi("up", "--yes", ...keys);
  const { visits, slowest, failures } = await stop();
  console.log(`${visits} visits while both servers were made anew, ${slowest}`);
  expect(failures).toEqual([]);
  const after = await outputs();
  expect(after.servers.map(({ address }) => address)).toEqual(before.servers.map(({ address }) => address));
  expect(after.sshHostKey).not.toBe(before.sshHostKey);
  for (const server of ["1", "2"]) await npm("ssh", "--stack", "dev", "--server", server, "true");
  expect(await npm("status")).toContain("Everything works.");
  await pulumi("preview", "--expect-no-changes");
});

it("one server is enough again", async () => {
  await set("count", "1");
  await pulumi("up", "--yes");
  const { servers, siteUrl } = await outputs();
  expect(servers).toHaveLength(1);
  await until("the site answers", 60, async () => (await visit(new URL(siteUrl))) === 200);
});

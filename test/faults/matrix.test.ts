import { afterAll, beforeAll, describe, it } from "vitest";
import { whyNoContainers } from "../support/systemdContainer";
import { FaultHost } from "./faultHost";
import { tableOf } from "./times";

// Whatever fails: the site is served all along, nothing is lost, and it is published soon after the healing.
const noContainers = whyNoContainers();
/** A boot may have to build the root file system first. */
const BOOT_MS = 10 * 60_000;
const CASE_MS = 2 * 60_000;

const COURSES = ["pi", "py4inf"];
const PAGES = Object.fromEntries(
  Array.from({ length: 24 }, (_, i) => [`unit-${i % 4}/page-${i}.html`, `<p>page ${i}</p>\n`.repeat(1 + i * 20)]),
);

describe.skipIf(noContainers)("the fault matrix", { timeout: CASE_MS }, () => {
  let faults: FaultHost;

  beforeAll(async () => {
    faults = await FaultHost.boot(COURSES, { ...PAGES, "index.html": "<h1>edit 0000</h1>\n" });
  }, BOOT_MS);
  afterAll(async () => {
    if (faults === undefined) return;
    console.log(tableOf(faults.times));
    await faults.stop();
  }, CASE_MS);

  describe("a server of Swift is away", () => {
    const stop = (server: string) => faults.sh(`systemctl stop test-store@${server}`);

    /** Back, and answering: the healing. */
    const start = async (server: string) => {
      await faults.sh(`systemctl start test-store@${server}`);
      await faults.host.startStore();
    };

    it("the proxy", () =>
      faults.survive({
        name: "Swift's proxy server stopped",
        strike: () => stop("proxy"),
        felt: () => faults.isOut("no valid answer|cannot be reached|gave no token"),
        heal: () => start("proxy"),
        changed: "after",
      }));

    it("the account server, which publishing does not need", () =>
      faults.survive({
        name: "Swift's account server stopped",
        strike: () => stop("account"),
        felt: async () => (await faults.host.container.run("ls /mnt")).code !== 0,
        heal: () => start("account"),
        harmless: true,
      }));

    it("the container server", () =>
      faults.survive({
        name: "Swift's container server stopped",
        strike: () => stop("container"),
        felt: () => faults.isOut(/listing of container pi .*HTTP 503/),
        heal: () => start("container"),
        changed: "after",
      }));

    it("the object server", () =>
      faults.survive({
        name: "Swift's object server stopped, with a change to fetch",
        strike: async () => {
          await faults.edit();
          await stop("object");
        },
        felt: () => faults.isOut(/no valid answer for pi\/.*HTTP 503/),
        heal: () => start("object"),
        changed: "after",
      }));
  });
});

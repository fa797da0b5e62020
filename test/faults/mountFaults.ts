import { describe, it } from "vitest";
import { type Driver, whyNoCloudfuse } from "../support/courseHost";
import type { FaultHost } from "./faultHost";

/** So many files that the mount is tried often. */
const CHANGED = Array.from({ length: 12 }, (_, i) => `unit-${i % 4}/page-${i}.html`);

/** The mount fails; every change is published all the same. */
export function mountFaults(host: () => FaultHost): void {
  let generation = 0;
  const change = async () => {
    const text = `<p>generation ${++generation} of a page that is read through the mount</p>\n`;
    await host().author.putAll("pi", Object.fromEntries(CHANGED.map((name) => [name, text])));
    await host().edit();
  };
  const distrusts = async (words: string) => {
    const { healthy, detail } = (await host().status()).mount;
    return !healthy && detail.includes(words);
  };
  const mainPid = () => host().sh("systemctl show -P MainPID content-mount");
  const isBack = () =>
    host().until("the mount is back", async () => (await host().host.container.run("ls /mnt/pi")).code === 0);

  describe.each<Driver>(["rclone", "cloudfuse"])("the mount by %s", (driver) => {
    describe.skipIf(driver === "cloudfuse" && whyNoCloudfuse())("", () => {
      it("is there", async () => {
        if (driver === "cloudfuse") await host().drive(driver);
        await host().trustMount();
      });

      it("is killed", async () => {
        const before = await mainPid();
        await host().survive({
          name: `${driver} killed`,
          strike: () => host().sh(`kill -KILL ${before}`),
          change,
          felt: async () => !["0", before].includes(await mainPid()),
          heal: isBack,
          harmless: true,
        });
        await host().trustMount();
      });

      it("is unmounted", async () => {
        const before = await mainPid();
        await host().survive({
          name: `${driver} unmounted`,
          strike: () => host().sh("umount -l /mnt"),
          change,
          felt: async () => !["0", before].includes(await mainPid()),
          heal: isBack,
          harmless: true,
        });
        await host().trustMount();
      });

      // Last: the publisher does not trust it for a while then.
      it("hangs, until the watchdog kills it", async () => {
        const hung = await mainPid();
        await host().survive({
          name: `${driver} hung`,
          strike: () => host().sh(`kill -STOP ${hung}`),
          change,
          felt: () => distrusts("no answer"),
          heal: isBack,
          harmless: true,
          within: 10,
        });
      });
    });
  });

  describe("something else is mounted there", () => {
    const lies: [name: string, prepare: string][] = [
      ["stale content", "cp -RL /var/www/html/pi /run/lies/pi"],
      ["nothing but ENOENT", "mkdir /run/lies/pi"],
      [
        "other bytes of the same length",
        "cp -RL /var/www/html/pi /run/lies/pi; find /run/lies -type f -exec sed -i 's/[a-z]/x/g' {} +",
      ],
    ];
    it.each(lies)("%s", async (name, prepare) => {
      await host().trustMount();
      await host().survive({
        name: `mount: ${name}`,
        strike: () =>
          host().sh(
            `mkdir -p /run/lies; mount -t tmpfs -o mode=755 tmpfs /run/lies; ${prepare}; mount --bind /run/lies /mnt`,
          ),
        change,
        felt: () => distrusts("stale answers in a row"),
        heal: () => host().sh("umount /mnt /run/lies"),
        harmless: true,
      });
    });
  });
}

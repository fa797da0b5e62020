import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CourseHost, type Driver, whyNoCloudfuse } from "../support/courseHost";
import { SYSTEM, whyNoContainers } from "../support/systemdContainer";

// What happens to the mount when its driver or its store fails.
const noContainers = whyNoContainers();
const noCloudfuse = noContainers ?? whyNoCloudfuse();
/** A boot may have to build the root file system first. */
const BOOT_MS = 10 * 60_000;
const LONG_MS = 3 * 60_000;
const CHECK = "/usr/local/lib/content-mount/check-mount";

describe.skipIf(noContainers)(`the mount on ${SYSTEM}`, () => {
  let host: CourseHost;
  const sh = (command: string) => host.container.sh(command);

  beforeAll(async () => {
    host = await CourseHost.boot("mount");
    await sh("useradd --system onlooker");
  }, BOOT_MS);
  afterAll(() => host?.stop(), LONG_MS);

  /** What any other user sees, as the publisher does. */
  const onlooker = (command: string) => host.container.run(`runuser -u onlooker -- timeout -s KILL 5 ${command}`);
  /** What a service sees that has a view of its own of the file system and was started before. */
  const sandboxed = (command: string) =>
    sh(`nsenter --mount --target "$(systemctl show -P MainPID content-mount-watchdog)" timeout -s KILL 5 ${command}`);
  const shows = async () => (await onlooker("ls /mnt")).stdout === "pi\npy4inf\n";
  const mainPid = () => sh("systemctl show -P MainPID content-mount");
  const journal = () => sh("journalctl --unit content-mount-watchdog --output cat");

  describe.each<Driver>(["cloudfuse", "rclone"])("by %s", (driver) => {
    describe.skipIf(driver === "cloudfuse" && noCloudfuse)("", () => {
      it(
        "shows the containers to every user, read-only",
        async () => {
          for (const step of ["packages", "driver", "credentials", "content-mount"] as const) {
            const { code, stderr } = await host.step(step, driver);
            expect({ step, code, stderr }).toEqual({ step, code: 0, stderr: "" });
          }
          expect((await onlooker("ls /mnt")).stdout).toBe("pi\npy4inf\n");
          expect((await onlooker("cat /mnt/pi/index.html")).stdout).toBe("<h1>pi</h1>\n");
          expect((await host.container.run("touch /mnt/pi/new")).stderr).toContain("Read-only file system");
        },
        LONG_MS,
      );

      it("shows a new object within seconds", async () => {
        await onlooker("ls /mnt/pi");
        await host.store("PUT", `pi/${driver}.html`, driver);
        await host.container.until(5, "the object shows", async () =>
          (await onlooker("ls /mnt/pi")).stdout.includes(`${driver}.html`),
        );
      });

      it("is back after its driver was killed; meanwhile a reader gets an error, not an empty folder", async () => {
        await sh(`kill -KILL ${await mainPid()}`);
        await host.container.until(2, "the dead mount is gone", async () => !(await sh("mount")).includes(" on /mnt "));
        expect((await onlooker("ls /mnt")).stderr).toContain("Permission denied");
        await host.container.until(15, "the mount is back", shows);
        expect(await sandboxed("ls /mnt")).toBe("pi\npy4inf");
      });

      it(
        "is back soon after an outage of the store",
        async () => {
          const before = await mainPid();
          await host.stopStore();
          await host.container.until(20, "the outage is noticed", async () => !(await shows()));
          await host.startStore();
          await host.container.until(20, "the mount is back", shows);
          // rclone heals itself, and the watchdog lets it.
          if (driver === "rclone") expect(await mainPid()).toBe(before);
        },
        LONG_MS,
      );
    });
  });

  // By rclone now. With cloudfuse each outage is a hang.
  it(
    "is back after a hang, which blocks nobody else",
    async () => {
      const hung = await mainPid();
      await sh(`kill -STOP ${hung}`);
      // Long enough for the watchdog's next look to be caught in it, too short for its verdict.
      await sh("sleep 4");
      const restarted = await host.container.run("timeout 5 systemctl restart ssh content-mount-watchdog");
      expect(restarted.code).toBe(0);
      await host.container.until(30, "the mount is back", shows);
      expect(await journal()).toContain(`killing the driver (process ${hung}), for /mnt has not answered for 10 s`);
    },
    LONG_MS,
  );

  it("is told from a folder without a mount, from an empty one and from one that answers with an error", async () => {
    await sh("systemctl stop content-mount-watchdog content-mount");
    expect(await host.container.run(CHECK)).toEqual({ code: 1, stdout: "nothing is mounted on /mnt\n", stderr: "" });
    await sh("mount -t tmpfs tmpfs /mnt");
    expect(await host.container.run(CHECK)).toEqual({ code: 1, stdout: "/mnt is empty\n", stderr: "" });
    await sh("mkdir /mnt/pi; chmod 700 /mnt");
    expect(await onlooker(CHECK)).toEqual({
      code: 1,
      stdout: "/mnt answers with an error: ls: cannot open directory '/mnt': Permission denied\n",
      stderr: "",
    });
    expect(await host.container.run(CHECK)).toEqual({ code: 0, stdout: "pi\n", stderr: "" });
    await sh("umount /mnt");
  });
});

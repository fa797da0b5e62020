import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Pages } from "./author";
import type { FaultHost } from "./faultHost";

const FILES = 40;
const KILLS = 20;
/** From the end of an upload to well after its publication. */
const PUBLICATION_MS = 2_000;
const DROP_IN = "/run/systemd/system/site-publisher.service.d/fault.conf";

/** The server, or what runs on it, fails in the middle of a publication. */
export function hostFaults(host: () => FaultHost): void {
  const nameOf = (i: number) => `generation/${String(i).padStart(2, "0")}.html`;
  const generationOf = (generation: number): Pages =>
    Object.fromEntries(Array.from({ length: FILES }, (_, i) => [nameOf(i), `${generation}\n`]));
  let generation = 0;
  /** In the order of their names, one after the other: all states that the store has are known. */
  const upload = () => host().author.putAll("pi", generationOf(++generation), 1);
  const dropIn = (lines: string) =>
    host().sh(
      `mkdir -p ${DROP_IN.replace(/\/[^/]*$/, "")}; printf '[Service]\\n${lines}' >${DROP_IN}; systemctl daemon-reload`,
    );
  const noDropIn = () => host().sh(`rm ${DROP_IN}; systemctl daemon-reload`);

  it("the publisher is killed at 20 random points of publications", async () => {
    // systemd starts it again as ever, but without the pause of 2 s.
    await dropIn("RestartSec=100ms\\n");
    await upload();
    await host().untilPublished(performance.now(), ["pi"]);
    const servedBefore = host().visitor.served;
    for (let round = 0; round < KILLS; round++) {
      await upload();
      // The last one early: what it cut short is then still to be published.
      await sleep(((KILLS - 1 - round + Math.random()) / KILLS) * PUBLICATION_MS);
      await host().sh("systemctl kill -s KILL site-publisher");
      // The first files may be one generation ahead of the others, as they were in the store; nothing else.
      const served = (await host().sh("cat /var/www/html/pi/generation/*")).split("\n").map(Number);
      const first = served[0] ?? 0;
      const turn = served.indexOf(first - 1);
      const ahead = turn < 0 ? FILES : turn;
      expect(served).toEqual(Array.from({ length: FILES }, (_, i) => (i < ahead ? first : first - 1)));
    }
    const published = await host().untilPublished(performance.now());
    const served = host().visitor.served - servedBefore;
    host().record({ fault: `publisher killed ${KILLS} times`, served, published, limit: 10 });
    await noDropIn();
  });

  const restarts: [name: string, restart: () => Promise<void>][] = [
    ["rebooted", () => host().host.container.reboot()],
    ["cut from power", () => host().host.container.cutPower()],
  ];
  it.each(restarts)("the host is %s in the middle of a publication", async (name, restart) => {
    const { visitor, wayFaults } = host();
    const readsBefore = host().way.reads.length;
    const bootId = () => host().sh("cat /proc/sys/kernel/random/boot_id");
    const bootBefore = await bootId();
    await host().survive({
      name: `host ${name}`,
      strike: async () => {
        // Slow, lest it be over before it is begun.
        wayFaults.set("pi", ({ object }) => (object === undefined ? undefined : { delayMs: 300 }));
        await upload();
        await host().until("it is being published", async () => host().way.reads.length > readsBefore + FILES / 4);
        visitor.mayBeRefused = true;
        await restart();
        wayFaults.delete("pi");
      },
      felt: async () => (await bootId()) !== bootBefore,
      heal: async () => {
        await host().connect();
        await host().host.startStore();
        visitor.mayBeRefused = false;
      },
      changed: "after",
      within: 15,
    });
  });

  it("the clock jumps two hours ahead, and back", async () => {
    const clock = "/run/clock";
    const set = (offset: string) => host().sh(`echo ${offset} >${clock}`);
    const isAhead = async () => {
      const { lastListing } = await host().statusOf("pi");
      return Date.parse(lastListing ?? "") > Date.now() + 3_600_000;
    };
    await set("+0");
    // Of this one service; the machine's own clock is nobody's business.
    await dropIn(
      `Environment=LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=${clock}\\n` +
        "Environment=FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1\\n",
    );
    await host().sh("systemctl restart site-publisher");
    await host().survive({
      name: "clock 2 h ahead",
      strike: () => set("+7200"),
      felt: isAhead,
      heal: async () => {},
      harmless: true,
    });
    await host().survive({
      name: "clock back again",
      strike: () => set("+0"),
      felt: async () => !(await isAhead()),
      heal: async () => {},
      harmless: true,
    });
    await noDropIn();
    await host().sh("systemctl restart site-publisher");
  });

  describe("the site's disk, a small one", () => {
    it("is put in", () =>
      host().sh(
        `systemctl stop site-publisher
         mkdir /run/small; mount -t tmpfs -o size=24m,mode=755 small /run/small
         cp -a /var/www/. /run/small; mount --bind /run/small /var/www
         systemctl start site-publisher`,
      ));

    it("gets full in the middle of a publication", () =>
      host().survive({
        name: "disk full",
        strike: () =>
          host().sh("fallocate -l $(($(df -B1 --output=avail /var/www | tail -n 1) - 300000)) /var/www/filler"),
        change: () =>
          host().author.putAll(
            "pi",
            Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`big/${i}.html`, `${i}`.padEnd(50_000, "x")])),
          ),
        felt: () => host().isOut("the disk is full; make room, and publishing goes on by itself"),
        heal: () => host().sh("rm /var/www/filler"),
      }));

    it("is read-only", () =>
      host().survive({
        name: "web root read-only",
        strike: () => host().sh("mount -o remount,ro /var/www"),
        felt: () => host().isOut(/can't be written \(EROFS\)/),
        heal: () => host().sh("mount -o remount,rw /var/www"),
      }));

    it("grows, for what comes after", () => host().sh("mount -o remount,size=1g /run/small"));
  });
}

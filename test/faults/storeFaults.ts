import { describe, expect, it } from "vitest";
import { NEXT_USER } from "../support/courseHost";
import type { StoreRequest } from "../support/faults";
import type { WayFault } from "../support/faultyStore";
import type { FaultHost } from "./faultHost";

/** The servers of a store fail, and all that it needs. */
export function serversOfTheStore(host: () => FaultHost): void {
  const stop = (server: string) => host().sh(`systemctl stop test-store@${server}`);
  const outage = (words: string | RegExp) => host().isOut(words);

  /** Back, and answering. The proxy leaves servers alone that failed, for a minute; started anew, it knows of none. */
  const start = async (server: string) => {
    if (server !== "proxy") await stop("proxy");
    await host().sh(`systemctl start test-store@${server}`);
    await host().host.startStore();
  };

  describe("a server of Swift is away", () => {
    it("the proxy", () =>
      host().survive({
        name: "Swift's proxy server stopped",
        strike: () => stop("proxy"),
        felt: () => outage("cannot be reached|gave no token"),
        heal: () => start("proxy"),
        changed: "after",
      }));

    it("the account server, without which publishing goes on", () =>
      host().survive({
        name: "Swift's account server stopped",
        strike: () => stop("account"),
        felt: async () => (await host().host.container.run("ls /mnt")).code !== 0,
        heal: () => start("account"),
        harmless: true,
      }));

    it("the container server", () =>
      host().survive({
        name: "Swift's container server stopped",
        strike: () => stop("container"),
        felt: () => outage(/listing of container pi .*HTTP 503/),
        heal: () => start("container"),
        changed: "after",
      }));

    it("the object server, with changes to fetch", () =>
      host().survive({
        name: "Swift's object server stopped",
        strike: async () => {
          await host().edit();
          await stop("object");
        },
        felt: () => outage(/no valid answer for pi\/.*HTTP 503/),
        heal: () => start("object"),
        changed: "after",
      }));

    it("memcached, where it keeps its tokens", () =>
      host().survive({
        name: "memcached stopped",
        strike: () => host().sh("systemctl stop memcached"),
        felt: () => outage("HTTP 503"),
        heal: async () => {
          await host().sh("systemctl start memcached");
          await start("account");
        },
        changed: "after",
      }));
  });
}

/** The answers to a listing are no listings: in one course each, all at once. */
export function answersToListings(host: () => FaultHost, courses: string[]): void {
  const faults: [name: string, fault: WayFault, words: string | RegExp][] = [
    ["503", 503, "HTTP 503"],
    ["200 with a page of HTML", "html", "something else than a listing"],
    ["204", 204, "HTTP 204"],
    ["404, as if the container were gone", 404, "there is no container"],
    ["401, also after a new sign-in", 401, "no access to .*HTTP 401"],
    ["a listing cut off", "truncate", "broke off"],
    ["a listing cut off by a reset", "resetMidBody", "broke off|connection reset"],
    ["a reset", "reset", "connection reset|closed the connection"],
  ];

  describe.concurrent("a listing is answered with", () => {
    it.for(faults.map((fault, i) => [...fault, courses[i] ?? ""] as const))(
      "%s",
      async ([name, fault, words, course]) => {
        const { wayFaults } = host();
        await host().survive({
          name: `listing: ${name}`,
          course,
          strike: async () => wayFaults.set(course, ({ object }) => (object === undefined ? fault : undefined)),
          felt: async () => (await host().isOut(words, course)) && (await host().statusOf("pi")).state !== "outage",
          heal: async () => wayFaults.delete(course),
        });
      },
    );
  });
}

/** Objects do not come as they should, where they are read over HTTP: the mount is away. */
export function answersToReads(host: () => FaultHost, courses: string[]): void {
  const sixty = (text: string) =>
    Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`sixty/${i}.html`, `${text} ${i}\n`.repeat(200)]));
  const isRead = ({ method, object }: StoreRequest) => method === "GET" && object !== undefined;
  const readsOf = (course: string) => host().way.reads.filter(({ container }) => container === course).length;

  describe("without the mount", () => {
    it("is prepared", async () => {
      await host().sh("systemctl stop content-mount");
      await host().until("objects come over HTTP", async () => !(await host().status()).mount.healthy);
    });

    const faults: [name: string, fault: WayFault, words: string | RegExp][] = [
      ["a reset in the middle", "resetMidBody", "broke off|connection reset"],
      ["an end in the middle", "truncate", "broke off|connection reset"],
      ["a hang in the middle (the time limit is 10 s)", "hangMidBody", "did not answer within 10 s"],
      ["503", 503, "HTTP 503"],
      ["401, also after a new sign-in", 401, "no access to"],
    ];
    describe.concurrent("an object is answered with", () => {
      it.for(faults.map((fault, i) => [...fault, courses[i] ?? ""] as const))(
        "%s",
        async ([name, fault, words, course]) => {
          const { wayFaults } = host();
          await host().survive({
            name: `object: ${name}`,
            course,
            strike: async () => wayFaults.set(course, (request) => (isRead(request) ? fault : undefined)),
            felt: () => host().isOut(words, course),
            heal: async () => wayFaults.delete(course),
          });
        },
      );

      const unlisted: [name: string, fault: WayFault][] = [
        ["404, though it is listed", 404],
        ["other bytes than are listed", { body: "<h1>an error page</h1>" }],
      ];
      it.for(unlisted.map((fault, i) => [...fault, courses[faults.length + i] ?? ""] as const))(
        "%s",
        async ([name, fault, course]) => {
          const { wayFaults } = host();
          let answers = 0;
          await host().survive({
            name: `object: ${name}`,
            course,
            strike: async () => wayFaults.set(course, (request) => (isRead(request) && ++answers ? fault : undefined)),
            felt: () => answers >= 4,
            heal: async () => wayFaults.delete(course),
          });
        },
      );
    });

    it("503 on one of ten requests, while 60 files are published", async () => {
      let requests = 0;
      let refused = 0;
      await host().survive({
        name: "503 on 1 of 10 requests",
        strike: async () => host().wayFaults.set("pi", () => (++requests % 10 === 0 && ++refused ? 503 : undefined)),
        change: () => host().author.putAll("pi", sixty("one of ten")),
        felt: () => refused > 6,
        heal: async () => host().wayFaults.delete("pi"),
        harmless: true,
      });
    });

    it("a token that has expired: one new sign-in, and nobody notices", async () => {
      const { signIns } = host().way;
      const reads = readsOf("pi");
      await host().survive({
        name: "token expired",
        // Swift has forgotten all of them.
        strike: () => host().sh("exec 3<>/dev/tcp/127.0.0.1/11211; echo flush_all >&3; read -r answer <&3"),
        felt: () => host().way.signIns > signIns && readsOf("pi") > reads,
        heal: async () => {},
        harmless: true,
      });
      expect(host().way.signIns - signIns).toBe(1);
    });

    it("is over", async () => {
      await host().sh("systemctl start content-mount");
    });
  });
}

/** The key of the server's user is refused from one moment to the next. */
export function rotatedKey(host: () => FaultHost): void {
  it("the key is changed in the store, and later on the server", () =>
    host().survive({
      name: "key rotated",
      strike: () =>
        host().sh(
          `sed -i '/^user_SLTEST-2_SLTEST /d' /etc/swift/proxy-server.conf
           systemctl restart memcached test-store@proxy`,
        ),
      felt: () => host().isOut("refused the user name or the api key"),
      heal: () => host().signInAs(NEXT_USER, "rclone"),
      changed: "after",
      within: 10,
    }));
}

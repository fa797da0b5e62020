import { describe, expect, it } from "vitest";
import { type Circumstances, type ContentMount, chooseContentMount, whyUnreachable } from "../../cli/lib/contentMount";

const DEFAULT = "https://github.com/redbo/cloudfuse.git";
const MIRROR = "git://10.77.0.1/cloudfuse.git";
const rclone: ContentMount = { driver: "rclone" };
const cloudfuse = (repository: string): ContentMount => ({ driver: "cloudfuse", repository });

describe("the FUSE driver of the stack dev", () => {
  const cases: [string, Omit<Circumstances, "unreachable">, string[], ContentMount][] = [
    ["cloudfuse where its repository can be reached", {}, [DEFAULT], cloudfuse(DEFAULT)],
    ["rclone where it can't", {}, [], rclone],
    ["the user's repository before the public one", { repository: MIRROR }, [DEFAULT, MIRROR], cloudfuse(MIRROR)],
    ["rclone when asked for", { driver: "rclone", recorded: cloudfuse(MIRROR) }, [DEFAULT, MIRROR], rclone],
    ["cloudfuse when asked for", { driver: "cloudfuse", recorded: rclone }, [DEFAULT], cloudfuse(DEFAULT)],
    ["cloudfuse as before, although the network is away", { recorded: cloudfuse(MIRROR) }, [], cloudfuse(MIRROR)],
    ["the same when it is named again", { recorded: cloudfuse(MIRROR), repository: MIRROR }, [], cloudfuse(MIRROR)],
    [
      "the same when cloudfuse is asked for",
      { recorded: cloudfuse(MIRROR), driver: "cloudfuse" },
      [],
      cloudfuse(MIRROR),
    ],
    ["rclone as before, although the network is back", { recorded: rclone }, [DEFAULT], rclone],
    ["a newly named repository", { recorded: rclone, repository: MIRROR }, [MIRROR], cloudfuse(MIRROR)],
  ];
  it.each(cases)("is %s", async (_, circumstances, reachable, expected) => {
    const unreachable = async (url: string) => (reachable.includes(url) ? undefined : `${url} can't be reached`);
    const { contentMount, reason } = await chooseContentMount({ ...circumstances, unreachable });
    expect(contentMount).toEqual(expected);
    expect(reason).not.toBe("");
  });

  it("can't be cloudfuse at any price", async () => {
    const unreachable = async (url: string) => `${url} can't be reached`;
    await expect(chooseContentMount({ driver: "cloudfuse", unreachable })).rejects.toThrow(
      /XWMOOC_CLOUDFUSE_REPOSITORY, or use --driver rclone/,
    );
  });

  it.each([
    ["/srv/cloudfuse", /not an http/],
    ["file:///srv/cloudfuse", /not an http/],
    ["http://localhost/cloudfuse", /loopback/],
    ["git://127.0.0.1/cloudfuse", /loopback/],
    ["http://127.0.0.2:9/cloudfuse", /loopback/],
  ])("can't come from %s, which the web server can't reach", async (repository, reason) => {
    expect(await whyUnreachable(repository)).toMatch(reason);
  });
});

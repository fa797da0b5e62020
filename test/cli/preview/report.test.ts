import { describe, expect, it } from "vitest";
import type { PriceBook } from "../../../cli/lib/preview/cost";
import type { Digest, ResourceState } from "../../../cli/lib/preview/digest";
import { failureReportOf, reportOf } from "../../../cli/lib/preview/report";
import recorded from "./recorded.json";

const BOOK: PriceBook = {
  currency: "USD",
  flavorHour: { "m1.small": 0.01, "m1.medium": 0.02 },
  floatingIpHour: 0.001,
  storedGbMonth: 0.1,
  storedGb: 2,
};

/** A preview with one step about a resource. */
function stepOf(op: string, state: ResourceState, step: object = {}): Digest {
  const states = { ...(op !== "create" && { oldState: state }), ...(op !== "delete" && { newState: state }) };
  return { steps: [{ op, urn: `urn:pulumi:tokyo2::xwmooc::${state.type}::one`, ...states, ...step }] };
}

describe("the report of a preview", () => {
  it("names what is lost first and what it means, then cost and the rest (recorded from Pulumi 3.259)", () => {
    expect(
      reportOf("tokyo2", recorded, BOOK),
    ).toBe(`### \`tokyo2\`: 1 deleted, 2 replaced, 1 updated, 1 created, 5 unchanged

- **deleted Container \`tokyo2-content-scloud\`** Pulumi forgets the container; it stays in the store with its content.
- **replaced Instance \`tokyo2-web-server\` (imageName)** The site is away until the new server has booted, mounted the store and published. Content is not touched.
- **replaced SecGroupRule \`tokyo2-web-firewall-ingress-tcp-22\` (remoteIpPrefix)** Who comes in by this rule is shut out for a moment.

Estimated cost a month: **15.53 USD** (+7.30 USD).

<details><summary>2 more</summary>

- updated Command \`tokyo2-web-publisher-run\` (create)
- created Container \`tokyo2-content-rur-ple\`

</details>
`);
  });

  it("without a price book says nothing of cost", () => {
    expect(reportOf("tokyo2", recorded)).not.toMatch(/cost/);
  });

  it("of nothing", () => {
    const container = { type: "openstack:objectstorage/container:Container" };
    expect(reportOf("tokyo2", stepOf("same", container))).toBe("### `tokyo2`: no changes\n");
    expect(reportOf("tokyo2", {})).toBe("### `tokyo2`: no changes\n");
  });

  it.each([
    [{ retainOnDelete: true }, "Pulumi forgets the container; it stays in the store with its content."],
    [{ inputs: { forceDestroy: true } }, "**The container is deleted with all its content.**"],
    [{}, "The container is deleted if it is empty; else the update fails."],
  ])("says what becomes of a container's content: %j", (state, fate) => {
    const type = "openstack:objectstorage/container:Container";
    expect(reportOf("tokyo2", stepOf("delete", { type, ...state }))).toContain(`**deleted Container \`one\`** ${fate}`);
    expect(reportOf("tokyo2", stepOf("replace", { type, ...state }))).toContain(`without the content. ${fate}`);
  });

  it("says of an update that is felt what it means", () => {
    const digest = stepOf("update", { type: "openstack:compute/instance:Instance" }, { diffReasons: ["flavorName"] });
    expect(reportOf("tokyo2", digest)).toContain(
      "- **updated Instance `one` (flavorName)** The server is resized and starts anew",
    );
  });

  it("says of one server among several that the others serve the site", () => {
    const type = "openstack:compute/instance:Instance";
    const server = (op: string, name: string, step = {}) =>
      (stepOf(op, { type }, step).steps ?? []).map((one) => ({ ...one, urn: `urn::${name}` }));
    const report = (...steps: ReturnType<typeof server>[]) => reportOf("tokyo2", { steps: steps.flat() });
    const resize = { diffReasons: ["flavorName"] };
    expect(report(server("replace", "a"), server("replace", "b"))).not.toContain("site is away");
    expect(report(server("update", "a", resize), server("same", "b"))).toContain("the other servers serve the site");
    expect(report(server("same", "a"), server("delete", "b"))).toContain("**deleted Instance `b`** The other servers");
    // The second one comes when the first is there again; all go at once; one that is made takes nobody's place at once.
    expect(report(server("replace", "a"), server("create", "b"))).toContain("The site is away until the new server");
    expect(report(server("delete", "a"), server("delete", "b"))).toContain("The site goes away.");
    expect(report(server("create", "a"), server("delete", "b"))).toContain("The site goes away.");
  });

  it.each([
    ["LoadBalancer", "replaced", "The site is away until the new balancer passes visitors on"],
    ["LoadBalancer", "deleted", "The site's address goes"],
    ["Listener", "deleted", "Visitors do not reach the site at this port any more."],
    ["Pool", "replaced", "Visitors do not reach the site at this port for a moment."],
    ["Monitor", "deleted", "Visitors are also led to servers that do not answer."],
    ["Member", "deleted", "Visitors are led to the other servers."],
  ])("says what it means that a %s is %s", (name, kind, meaning) => {
    const type = `openstack:loadbalancer/${name[0]?.toLowerCase()}${name.slice(1)}:${name}`;
    const report = reportOf("tokyo2", stepOf(kind === "deleted" ? "delete" : "replace", { type }));
    expect(report).toContain(`**${kind} ${name} \`one\`** ${meaning}`);
  });

  it("says what has no price, and that cost is as now", () => {
    const server = { type: "openstack:compute/instance:Instance", inputs: { flavorName: "m1.huge" } };
    const digest: Digest = {
      steps: [server, { type: "openstack:loadbalancer/loadBalancer:LoadBalancer" }].flatMap(
        (one) => stepOf("same", one).steps ?? [],
      ),
    };
    expect(reportOf("tokyo2", digest, BOOK)).toContain(
      "Estimated cost a month: **0.00 USD** (as now); without flavor m1.huge, load balancer, which have no price.",
    );
    expect(
      reportOf("tokyo2", stepOf("delete", { type: "openstack:networking/floatingIp:FloatingIp" }), BOOK),
    ).toContain("**0.00 USD** (−0.73 USD).");
    // Then the difference is not the whole one either.
    expect(reportOf("tokyo2", stepOf("delete", server), BOOK)).toContain("without flavor m1.huge, which have no price");
  });

  it("that failed has Pulumi's own words, and no fence in them ends it", () => {
    expect(failureReportOf("tokyo2", "error: ```a```")).toBe(
      "### `tokyo2`: the preview failed\n\n````text\nerror: ```a```\n````\n",
    );
    expect(failureReportOf("tokyo2", "x".repeat(100_000)).length).toBeLessThan(65_536);
  });
});

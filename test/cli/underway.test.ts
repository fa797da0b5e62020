import { expect, it } from "vitest";
import { Underway } from "../../cli/lib/underway";

it("what an update is busy with is read from Pulumi's lines", () => {
  const underway = new Underway();
  for (const line of [
    "Updating (dev):",
    " +  pulumi:pulumi:Stack xwmooc-dev creating (0s) ",
    " +  xwmooc:provisioning:Provisioning dev-web creating (0s) ",
    " +  openstack:compute:Instance dev-web-server creating (0s) ",
    " +  openstack:compute:Instance dev-web-server created (34s) ",
    " +  command:remote:Command dev-web-cloudfuse-run creating (0s) ",
    " ~  command:remote:Command dev-web-publisher-run updating (0s) [diff: ~stdin]",
    " +- openstack:networking:Port dev-web-port deleting original (0s) ",
    " +  openstack:networking:FloatingIp dev-web-address creating (0s) ",
    " +  openstack:networking:FloatingIp dev-web-address **creating failed** error: no address is left",
  ]) {
    underway.take(line);
  }
  expect(underway.text).toBe("dev-web-cloudfuse-run, dev-web-publisher-run, dev-web-port");
  underway.take(" +- openstack:networking:Port dev-web-port deleted original (1s) ");
  underway.take(" ~  command:remote:Command dev-web-publisher-run updated (4s) [diff: ~stdin]; publisher: verified");
  underway.take(" +  command:remote:Command dev-web-cloudfuse-run created (9s) ");
  expect(underway.text).toBeUndefined();
});

import { expect, test } from "vitest";
import { bundlePublisher } from "../../provisioning/bundle";

test("the publisher calls nothing that Debian's Node 18 does not have", async () => {
  expect(await bundlePublisher()).not.toMatch(
    /\.to(Reversed|Sorted|Spliced)\(|(Object|Map)\.groupBy|Promise\.withResolvers/,
  );
});

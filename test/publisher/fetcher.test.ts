import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Fetcher } from "../../provisioning/publisher/src/fetcher";
import type { Mount } from "../../provisioning/publisher/src/mount";
import { SwiftClient } from "../../swift/client";
import { SwiftDouble } from "../support/swiftDouble";

let store: SwiftDouble;
let client: SwiftClient;
let staging: string;

beforeEach(async () => {
  store = await new SwiftDouble().start();
  client = new SwiftClient(store.credentials);
  staging = fs.mkdtempSync(path.join(os.tmpdir(), "staging-"));
});
afterEach(async () => {
  fs.rmSync(staging, { recursive: true });
  client.close();
  await store.stop();
});

test("room is needed for what is still to come, not once more for what is staged", async () => {
  store.put("course", "picture.png", "x".repeat(3_000));
  store.put("course", "page.html", "text ".repeat(1_000));
  const fetcher = new Fetcher(client, {} as Mount, { container: "course", prefix: "" }, staging);
  const versions = await client.list("course");
  // Half the page again, for its compressed forms.
  expect(await fetcher.bytesToCome(versions)).toBe(3_000 + 5_000 * 1.5);
  const picture = versions.filter(({ name }) => name === "picture.png");
  await fetcher.fetch(picture, "store", () => {});
  expect(await fetcher.bytesToCome(versions)).toBe(5_000 * 1.5);
  await fetcher.fetch(versions, "store", () => {});
  expect(await fetcher.bytesToCome(versions)).toBe(0);
});

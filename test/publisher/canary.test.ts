import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Canary } from "../../provisioning/publisher/src/canary";
import { SwiftClient } from "../../swift/client";
import { SwiftDouble } from "../support/swiftDouble";
import { until } from "./site";

let store: SwiftDouble;
let client: SwiftClient;
let canary: Canary;
/** Serves what the store had a while ago. */
let site: http.Server;
const said: string[] = [];
const DELAY_MS = 300;

beforeEach(async () => {
  store = await new SwiftDouble().start();
  store.createContainer("canary");
  client = new SwiftClient(store.credentials);
  let served = "";
  site = http.createServer(async (_request, response) => {
    response.end(served);
    // The test may end, and the store with it, while this is under way.
    const object = await read().catch(() => served);
    setTimeout(() => {
      served = object;
    }, DELAY_MS);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const journal = { info: say, warn: say, debug: say };
  const { port } = site.address() as AddressInfo;
  canary = new Canary({ seconds: 1, container: "canary" }, client, journal, `http://127.0.0.1:${port}`);
});
async function read(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await client.get("canary", `${hostname()}.txt`)).chunks) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

afterEach(async () => {
  canary.stop();
  site.close();
  client.close();
  await store.stop();
});

const say = (line: string) => void said.push(line);

test("measures from stored to served; a failure is said once, and so is its end", async () => {
  expect(canary.status).toEqual({ at: null, latencySeconds: null, failures: 0, lastError: null });
  void canary.run();
  const { latencySeconds } = await until(
    () => canary.status,
    (status) => status.latencySeconds !== null,
  );
  expect(latencySeconds).toBeGreaterThanOrEqual(DELAY_MS / 1000);

  store.fault = ({ method }) => (method === "PUT" ? 503 : undefined);
  const failed = await until(
    () => canary.status,
    ({ failures }) => failures >= 2,
  );
  expect(failed).toMatchObject({ latencySeconds: null, lastError: expect.stringContaining("HTTP 503") });
  store.fault = () => undefined;
  await until(
    () => canary.status,
    ({ lastError }) => lastError === null,
  );
  expect(said).toEqual([expect.stringContaining("HTTP 503"), "canary: what is stored is served again"]);
});

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deleteLeftovers } from "../../cli/lib/leftovers";
import type { StackConfig } from "../../config/schema";

let cloud: Server;
let compute: StackConfig["compute"];
let deleted: string[];
let status: number;

beforeEach(async () => {
  deleted = [];
  status = 201;
  cloud = createServer((request, response) => {
    const path = request.url ?? "";
    const url = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`;
    if (path === "/v3/auth/tokens") {
      const endpoints = [{ interface: "public", region_id: "dev", url: `${url}/nova` }];
      response.writeHead(status, { "X-Subject-Token": "token" });
      return response.end(JSON.stringify({ token: { catalog: [{ type: "compute", endpoints }] } }));
    }
    if (request.method === "DELETE") deleted.push(path);
    const servers = ["left", "recorded", "other"].map((id) => ({ id, name: id === "other" ? "mail" : "dev-web" }));
    if (path === "/nova/servers") return response.end(JSON.stringify({ servers }));
    return response.writeHead(request.method === "DELETE" ? 204 : 404).end();
  });
  await new Promise<void>((resolve) => cloud.listen(0, "127.0.0.1", resolve));
  compute = {
    authType: "v3password",
    authUrl: `http://127.0.0.1:${(cloud.address() as AddressInfo).port}/v3`,
    region: "dev",
    project: "p",
    projectDomain: "Default",
    username: "u",
    userDomain: "Default",
    password: "a password",
  };
});

afterEach(() => {
  cloud.closeAllConnections();
  cloud.close();
});

describe("what a killed update has left in the cloud", () => {
  it("is deleted; what the state knows, or has another name, stays", async () => {
    await deleteLeftovers(compute, ["dev-web"], new Set(["recorded"]));
    expect(deleted).toEqual(["/nova/servers/left"]);
  });

  it("can't be looked for without credentials that are right", async () => {
    status = 401;
    const looking = deleteLeftovers(compute, ["dev-web"], new Set());
    await expect(looking).rejects.toThrow(/Keystone at .* refused the credentials \(401\)/);
  });
});

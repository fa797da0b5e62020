import type { StackConfig } from "../../config/schema";
import { keystoneRequest } from "../../swift/auth";
import { UserError } from "./errors";
import { pause } from "./interruption";

/** Seconds in which a deleted server must be gone. */
const GONE_SECONDS = 120;

/** What a cut-off update may have created without noting it; Nova knows both by name. */
export interface Leftovers {
  /** Names of servers. */
  servers: string[];
  /** Names of key pairs. */
  keypairs: string[];
}

/**
 * Deletes servers and key pairs that a cut-off update was creating: their successors could not be made beside them.
 * @param known IDs that the stack's state has; they stay.
 * @throws UserError when the cloud does not let us.
 */
export async function deleteLeftovers(
  compute: StackConfig["compute"],
  { servers, keypairs }: Leftovers,
  known: ReadonlySet<string>,
): Promise<void> {
  const nova = await signIn(compute);
  for (const name of keypairs) await nova("DELETE", `/os-keypairs/${encodeURIComponent(name)}`);
  if (servers.length === 0) return;
  const { servers: all } = (await (await nova("GET", "/servers")).json()) as {
    servers: { id: string; name: string }[];
  };
  for (const { id } of all.filter(({ id, name }) => servers.includes(name) && !known.has(id))) {
    await nova("DELETE", `/servers/${id}`);
    for (let waited = 0; (await nova("GET", `/servers/${id}`)).status !== 404; waited++) {
      if (waited === GONE_SECONDS) throw new UserError(`Server ${id} was left by an earlier run and can't be deleted.`);
      await pause(1);
    }
  }
}

type Nova = (method: string, path: string) => Promise<Response>;

async function signIn(compute: StackConfig["compute"]): Promise<Nova> {
  const { authType: _, ...credentials } = compute;
  const response = await fetch(`${compute.authUrl.replace(/\/$/, "")}/auth/tokens`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ auth: keystoneRequest({ auth: "keystone", ...credentials }) }),
  });
  if (response.status !== 201) throw new UserError(`Keystone at ${compute.authUrl} answered HTTP ${response.status}.`);
  const { token } = (await response.json()) as {
    token: { catalog: { type: string; endpoints: { interface: string; region: string; url: string }[] }[] };
  };
  const endpoint = token.catalog
    .find((service) => service.type === "compute")
    ?.endpoints.find((one) => one.interface === "public" && one.region === compute.region);
  if (!endpoint) throw new UserError(`The cloud at ${compute.authUrl} offers no compute service.`);
  const headers = { "X-Auth-Token": response.headers.get("X-Subject-Token") ?? "" };
  return async (method, path) => {
    const answer = await fetch(endpoint.url + path, { method, headers });
    if (answer.ok || answer.status === 404) return answer;
    throw new UserError(`Nova answered HTTP ${answer.status} to ${method} ${path.split("?")[0]}.`);
  };
}

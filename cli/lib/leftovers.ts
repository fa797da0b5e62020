import type { StackConfig } from "../../config/schema";
import { Cloud } from "../../openstack/cloud";
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
 * @throws CloudError, UserError when the cloud does not let us.
 */
export async function deleteLeftovers(
  compute: StackConfig["compute"],
  { servers, keypairs }: Leftovers,
  known: ReadonlySet<string>,
): Promise<void> {
  const cloud = await Cloud.signIn(compute);
  for (const name of keypairs) await cloud.deleteKeypair(name);
  if (servers.length === 0) return;
  const left = (await cloud.servers()).filter(({ id, name }) => servers.includes(name) && !known.has(id));
  for (const { id } of left) {
    await cloud.deleteServer(id);
    for (let waited = 0; await cloud.hasServer(id); waited++) {
      if (waited === GONE_SECONDS) throw new UserError(`Server ${id} was left by an earlier run and can't be deleted.`);
      await pause(1);
    }
  }
}

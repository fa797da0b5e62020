import type { StackConfig } from "../../config/schema";
import { Cloud } from "../../openstack/cloud";
import { UserError } from "./errors";
import { pause } from "./interruption";

/** Seconds in which a deleted server must be gone. */
const GONE_SECONDS = 120;

/**
 * Deletes servers that a cut-off update was creating: their successors could not be made beside them.
 * @param names Nova knows by them what the update had no time to note.
 * @param known IDs that the stack's state has; they stay.
 * @throws CloudError, UserError when the cloud does not let us.
 */
export async function deleteLeftovers(
  compute: StackConfig["compute"],
  names: string[],
  known: ReadonlySet<string>,
): Promise<void> {
  const cloud = await Cloud.signIn(compute);
  const left = (await cloud.servers()).filter(({ id, name }) => names.includes(name) && !known.has(id));
  for (const { id } of left) {
    await cloud.deleteServer(id);
    for (let waited = 0; await cloud.hasServer(id); waited++) {
      if (waited === GONE_SECONDS) throw new UserError(`Server ${id} was left by an earlier run and can't be deleted.`);
      await pause(1);
    }
  }
}

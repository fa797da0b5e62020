import { join } from "node:path";
import { ROOT } from "./paths";

/**
 * Variables that make the Pulumi CLI check each preview and update by the pack in `policy/`.
 * @param user A pack named there takes the place of ours.
 */
export function policyEnvironment(user: Record<string, string | undefined> = process.env) {
  if (user.PULUMI_OPTION_POLICY_PACK !== undefined) return {};
  return {
    PULUMI_OPTION_POLICY_PACK: join(ROOT, "policy", "main.cjs"),
    PULUMI_OPTION_POLICY_PACK_CONFIG: join(ROOT, "policy", "config.json"),
  };
}

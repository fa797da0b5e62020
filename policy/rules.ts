import type { Rule } from "./rule";
import { hostKeysArePinned, noSecretInCommands } from "./rules/commands";
import { containersAreKept, containersAreNotWritableByAll } from "./rules/containers";
import {
  firewallIsNotBypassed,
  firewallRulesAreDescribed,
  onlyPublicPortsAreOpen,
  sshIsFromConfiguredRanges,
} from "./rules/firewall";
import { flavorsAreAllowed, metadataSaysWhatItIs } from "./rules/inventory";

/** All rules of the pack. */
export function rules(): Rule[] {
  return [
    containersAreKept,
    containersAreNotWritableByAll,
    onlyPublicPortsAreOpen,
    sshIsFromConfiguredRanges,
    firewallIsNotBypassed,
    firewallRulesAreDescribed,
    hostKeysArePinned,
    noSecretInCommands(),
    metadataSaysWhatItIs,
    flavorsAreAllowed,
  ];
}

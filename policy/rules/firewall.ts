import { type Declared, type Rule, UNKNOWN } from "../rule";
import type { PortRange } from "../stackFile";

const RULE = "openstack:networking/secGroupRule:SecGroupRule";
const GROUP = "openstack:networking/secGroup:SecGroup";

/** What anybody may reach. */
const PUBLIC_PORTS: PortRange[] = [
  { first: 80, last: 80 },
  { first: 443, last: 443 },
];
/** A network of less than so many bits counts as the whole world: 0.0.0.0/1 and 128.0.0.0/1 are no two networks. */
const SMALLEST_PREFIX = { IPv4: 8, IPv6: 16 };
const SSH = 22;

/** Traffic from outside that a rule of a security group lets in. */
interface Ingress {
  /** Other side; undefined for members of a security group, and where it is not known yet. */
  from: string | undefined;
  isFromEverywhere: boolean;
  ports: PortRange;
  /** For messages. */
  what: string;
}

/** What a rule lets in; undefined where it is about traffic that leaves. */
function ingressOf({ inputs }: Declared): Ingress | undefined {
  if (inputs.direction !== "ingress") return undefined;
  const { protocol, portRangeMin: first, portRangeMax: last, ethertype } = inputs;
  const from = sourceOf(inputs);
  const bits = from === "anywhere" ? 0 : Number(from?.split("/")[1] ?? 128);
  const isFromEverywhere = bits < SMALLEST_PREFIX[ethertype === "IPv6" ? "IPv6" : "IPv4"];
  if (typeof first !== "number" || typeof last !== "number" || last === 0) {
    const what = `all ports${protocol ? ` of ${String(protocol)}` : ""}`;
    return { from, isFromEverywhere, ports: { first: 1, last: 65_535 }, what };
  }
  return {
    from,
    isFromEverywhere,
    ports: { first, last },
    what: `port ${first === last ? first : `${first}-${last}`}`,
  };
}

function sourceOf({ remoteIpPrefix, remoteGroupId }: Declared["inputs"]): string | undefined {
  if (typeof remoteIpPrefix === "string" && remoteIpPrefix !== "") return remoteIpPrefix;
  return remoteGroupId || remoteIpPrefix === UNKNOWN ? undefined : "anywhere";
}

const isWithin = (inner: PortRange, outer: PortRange) => inner.first >= outer.first && inner.last <= outer.last;

/** What is open to everybody is attacked within minutes. */
export const onlyPublicPortsAreOpen: Rule = {
  name: "only-public-ports-are-open",
  description: "The whole world reaches ports 80 and 443, and those of an upload gateway that is configured so.",
  types: [RULE],
  check: (rule) => {
    const ingress = ingressOf(rule);
    if (!ingress?.isFromEverywhere) return [];
    const { uploadsFrom, uploadPorts } = rule.stack;
    const allowed = [...PUBLIC_PORTS, ...(uploadsFrom.includes(ingress.from ?? "") ? uploadPorts : [])];
    if (allowed.some((range) => isWithin(ingress.ports, range))) return [];
    return [`opens ${ingress.what} to ${ingress.from}: name the networks that need it in remoteIpPrefix`];
  },
};

/** Who gets to sshd needs one key to own the server. */
export const sshIsFromConfiguredRanges: Rule = {
  name: "ssh-is-from-configured-ranges",
  description: "SSH is open to the networks of webServer.sshFrom alone, and never to the whole world.",
  types: [RULE],
  check: (rule) => {
    const ingress = ingressOf(rule);
    const mayBeTcp = ["tcp", "6", "", undefined].includes(rule.inputs.protocol as string | undefined);
    if (!ingress || !mayBeTcp || !isWithin({ first: SSH, last: SSH }, ingress.ports)) return [];
    if (ingress.isFromEverywhere) {
      return [`opens SSH to ${ingress.from}: name the networks of those who administer in webServer.sshFrom`];
    }
    if (ingress.from !== undefined && !rule.stack.sshFrom.includes(ingress.from)) {
      return [`opens SSH to ${ingress.from}, which is not in webServer.sshFrom of the stack's file: add it there`];
    }
    return [];
  },
};

/** A rule that nobody can explain is never removed. */
export const firewallRulesAreDescribed: Rule = {
  name: "firewall-rules-are-described",
  description: "Security groups and their rules say what they are for.",
  types: [RULE, GROUP],
  check: ({ inputs: { description = "" } }) =>
    typeof description === "string" && description.trim() === "" ? ["has no description: say what it is for"] : [],
};

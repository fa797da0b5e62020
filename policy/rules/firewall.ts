import { type Declared, type Rule, UNKNOWN } from "../rule";
import type { PortRange } from "../stackFile";

const RULE = "openstack:networking/secGroupRule:SecGroupRule";
const GROUP = "openstack:networking/secGroup:SecGroup";
const LISTENER = "openstack:loadbalancer/listener:Listener";
const PORT = "openstack:networking/port:Port";
const NOVA_GROUP = "openstack:compute/secGroup:SecGroup";

/** What anybody may reach. */
const PUBLIC_PORTS: PortRange[] = [
  { first: 80, last: 80 },
  { first: 443, last: 443 },
];
/** A network of less than so many bits counts as the whole world: 0.0.0.0/1 and 128.0.0.0/1 are no two networks. */
const SMALLEST_PREFIX = { IPv4: 8, IPv6: 16 };
const SSH = 22;

/** Traffic from outside that a rule of a security group, or a load balancer, lets in. */
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
  const isFromEverywhere = isEverywhere(from, ethertype === "IPv6" ? "IPv6" : "IPv4");
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

/** What a load balancer passes on: from the networks in `allowedCidrs`; without any, from anywhere. */
function passedOnBy({ inputs: { protocolPort: port, allowedCidrs = [] } }: Declared): Ingress[] {
  if (typeof port !== "number" || !Array.isArray(allowedCidrs)) return [];
  const networks = allowedCidrs.length > 0 ? allowedCidrs : ["anywhere"];
  return networks
    .filter((from) => typeof from === "string")
    .map((from) => ({
      from,
      isFromEverywhere: isEverywhere(from, from.includes(":") ? "IPv6" : "IPv4"),
      ports: { first: port, last: port },
      what: `port ${port}`,
    }));
}

function isEverywhere(from: string | undefined, family: keyof typeof SMALLEST_PREFIX): boolean {
  const bits = from === "anywhere" ? 0 : Number(from?.split("/")[1] ?? 128);
  return bits < SMALLEST_PREFIX[family];
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
  types: [RULE, LISTENER],
  check: (resource) => {
    const isListener = resource.type === LISTENER;
    const { uploadsFrom, uploadPorts } = resource.stack;
    const all = isListener ? passedOnBy(resource) : [ingressOf(resource)].filter((one) => one !== undefined);
    return all.flatMap(({ from, isFromEverywhere, ports, what }) => {
      const allowed = [...PUBLIC_PORTS, ...(uploadsFrom.includes(from ?? "") ? uploadPorts : [])];
      if (!isFromEverywhere || allowed.some((range) => isWithin(ports, range))) return [];
      return [
        `opens ${what} to ${from}: name the networks that need it in ${isListener ? "allowedCidrs" : "remoteIpPrefix"}`,
      ];
    });
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

/** The rules here look at security groups and their rules: what passes by them is seen by none. */
export const firewallIsNotBypassed: Rule = {
  name: "firewall-is-not-bypassed",
  description: "Every port is behind security groups of Neutron's, whose rules are resources of their own.",
  types: [PORT, NOVA_GROUP],
  check: ({ type, inputs: { portSecurityEnabled, noSecurityGroups } }) => [
    ...(type === NOVA_GROUP ? ["has its rules inline: declare a networking SecGroup and SecGroupRules"] : []),
    ...(portSecurityEnabled === false ? ["has no port security: leave out portSecurityEnabled"] : []),
    ...(noSecurityGroups === true ? ["is in no security group: give it securityGroupIds"] : []),
  ],
};

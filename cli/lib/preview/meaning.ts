import type { Change, ResourceState } from "./digest";

/** What happens to visitors and content, in words. */
interface Meaning {
  replaced: string;
  deleted: string;
  /** By input that is changed. @default nobody notices */
  updated?: Record<string, string>;
}

const CUT_OFF: Meaning = {
  replaced: "The server is cut off from the network meanwhile: the site is away.",
  deleted: "The server is cut off from the network: the site is away.",
};

const MEANINGS: Record<string, Meaning> = {
  "openstack:compute/instance:Instance": {
    replaced:
      "The site is away until the new server has booted, mounted the store and published. Content is not touched.",
    deleted: "The site goes away. Content is not touched.",
    updated: { flavorName: "The server is resized and starts anew: the site is away meanwhile." },
  },
  "openstack:networking/floatingIp:FloatingIp": {
    replaced: "The site gets another address: visitors do not find it until the DNS record says so.",
    deleted: "The site loses its address.",
  },
  "openstack:networking/floatingIpAssociate:FloatingIpAssociate": {
    replaced: "Visitors do not reach the site for a moment.",
    deleted: "Visitors do not reach the site at this address any more.",
  },
  "openstack:networking/secGroupRule:SecGroupRule": {
    replaced: "Who comes in by this rule is shut out for a moment.",
    deleted: "Who came in by this rule is shut out.",
  },
  "openstack:networking/secGroup:SecGroup": CUT_OFF,
  "openstack:networking/port:Port": CUT_OFF,
  "openstack:networking/network:Network": CUT_OFF,
  "openstack:networking/subnet:Subnet": CUT_OFF,
  "openstack:networking/router:Router": CUT_OFF,
  "openstack:networking/routerInterface:RouterInterface": CUT_OFF,
  "openstack:dns/recordSet:RecordSet": {
    replaced: "Visitors do not find the site by its name for a moment.",
    deleted: "Visitors do not find the site by this name any more.",
  },
  "openstack:dns/zone:Zone": {
    replaced: "Visitors do not find the site by its name until the zone is back.",
    deleted: "Visitors do not find the site by its name any more.",
  },
  "command:remote:Command": {
    replaced: "The step runs anew on the server.",
    deleted: "What the step has set up on the server is removed.",
  },
  "command:local:Command": {
    replaced: "A new key: who has pinned the old one has to take the new one.",
    deleted: "The key is forgotten.",
  },
};

const CONTAINER = "openstack:objectstorage/container:Container";

/** What a change means for visitors and content; undefined where nobody notices. */
export function meaningOf({ kind, type, why, old }: Change): string | undefined {
  if (kind === "created") return undefined;
  if (kind === "updated") return why.map((input) => MEANINGS[type]?.updated?.[input]).find(Boolean);
  if (type !== CONTAINER) return MEANINGS[type]?.[kind];
  const fate = fateOf(old);
  return kind === "deleted" ? fate : `Another container takes its place, without the content. ${fate}`;
}

function fateOf(container: ResourceState | undefined): string {
  if (container?.retainOnDelete) return "Pulumi forgets the container; it stays in the store with its content.";
  if (container?.inputs?.forceDestroy) return "**The container is deleted with all its content.**";
  return "The container is deleted if it is empty; else the update fails.";
}

import { type Change, changesOf, type Digest, type ResourceState, resourcesOf } from "./digest";

/** What happens to visitors and content, in words. */
interface Meaning {
  replaced: string;
  deleted: string;
  /** By input that is changed. @default nobody notices */
  updated?: Record<string, string>;
}

const CUT_OFF: Meaning = {
  replaced: "All servers are cut off from the network meanwhile: the site is away.",
  deleted: "All servers are cut off from the network: the site is away.",
};

const SERVER = "openstack:compute/instance:Instance";
const PORT = "openstack:networking/port:Port";

/** What is one server's own, where others serve the site as well. */
const AMONG_SEVERAL: Record<string, Meaning> = {
  [SERVER]: {
    replaced:
      "The other servers serve the site until the new one has booted, mounted the store and published. Content is not touched.",
    deleted: "The other servers serve the site. Content is not touched.",
    updated: { flavorName: "The server is resized and starts anew: the other servers serve the site meanwhile." },
  },
  [PORT]: {
    replaced: "The server is cut off from the network: the other servers serve the site meanwhile.",
    deleted: "The server is cut off from the network: the other servers serve the site.",
  },
};

const MEANINGS: Record<string, Meaning> = {
  [SERVER]: {
    replaced:
      "The site is away until the new server has booted, mounted the store and published. Content is not touched.",
    deleted: "The site goes away. Content is not touched.",
    updated: { flavorName: "The server is resized and starts anew: the site is away meanwhile." },
  },
  [PORT]: CUT_OFF,
  "openstack:networking/floatingIp:FloatingIp": {
    replaced: "The site gets another address here: visitors do not find it at this one until the DNS record says so.",
    deleted: "The site loses this address.",
  },
  "openstack:networking/floatingIpAssociate:FloatingIpAssociate": {
    replaced: "Visitors do not reach the site at this address for a moment.",
    deleted: "Visitors do not reach the site at this address any more.",
  },
  "openstack:networking/secGroupRule:SecGroupRule": {
    replaced: "Who comes in by this rule is shut out for a moment.",
    deleted: "Who came in by this rule is shut out.",
  },
  "openstack:networking/secGroup:SecGroup": CUT_OFF,
  "openstack:networking/network:Network": CUT_OFF,
  "openstack:networking/subnet:Subnet": CUT_OFF,
  "openstack:networking/router:Router": CUT_OFF,
  "openstack:networking/routerInterface:RouterInterface": CUT_OFF,
  "openstack:loadbalancer/loadBalancer:LoadBalancer": {
    replaced:
      "The site is away until the new balancer passes visitors on; where it has no floating IP, the site's address is another one.",
    deleted: "The site's address goes: visitors do not find it until the DNS record names the servers' own.",
  },
  "openstack:loadbalancer/listener:Listener": {
    replaced: "Visitors do not reach the site at this port for a moment.",
    deleted: "Visitors do not reach the site at this port any more.",
  },
  "openstack:loadbalancer/pool:Pool": {
    replaced: "Visitors do not reach the site at this port for a moment.",
    deleted: "Visitors do not reach the site at this port any more.",
  },
  "openstack:loadbalancer/monitor:Monitor": {
    replaced: "For a moment visitors are also led to servers that do not answer.",
    deleted: "Visitors are also led to servers that do not answer.",
  },
  "openstack:loadbalancer/member:Member": {
    replaced: "Visitors are led to the other servers for a moment.",
    deleted: "Visitors are led to the other servers.",
  },
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

/** What a change means for visitors and content; undefined where nobody notices. @param digest all that an update does */
export function meaningOf(change: Change, digest: Digest): string | undefined {
  const { kind, type, why, old } = change;
  if (kind === "created") return undefined;
  const meaning = (othersServe(change, digest) && AMONG_SEVERAL[type]) || MEANINGS[type];
  if (kind === "updated") return why.map((input) => meaning?.updated?.[input]).find(Boolean);
  if (type !== CONTAINER) return meaning?.[kind];
  const fate = fateOf(old);
  return kind === "deleted" ? fate : `Another container takes its place, without the content. ${fate}`;
}

/** Whether the site has other servers while one is changed. They are changed one at a time, and deleted at an update's end. */
function othersServe({ kind }: Change, digest: Digest): boolean {
  const isServer = ({ type }: { type: string }) => type === SERVER;
  const servers = resourcesOf(digest).present.filter(isServer).length;
  const deleted = changesOf(digest).filter((one) => one.kind === "deleted" && isServer(one)).length;
  return kind === "deleted" ? servers > deleted : servers > 1;
}

function fateOf(container: ResourceState | undefined): string {
  if (container?.retainOnDelete) return "Pulumi forgets the container; it stays in the store with its content.";
  if (container?.inputs?.forceDestroy) return "**The container is deleted with all its content.**";
  return "The container is deleted if it is empty; else the update fails.";
}

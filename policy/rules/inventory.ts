import { type Rule, UNKNOWN } from "../rule";

const SERVER = "openstack:compute/instance:Instance";
const CONTAINER = "openstack:objectstorage/container:Container";

/** Keys of the metadata that a resource has to have; of those in a list, any one. */
const NEEDED: Record<string, string[][]> = {
  [SERVER]: [["project"], ["stack"], ["role"]],
  [CONTAINER]: [["course", "role"]],
};

/** What a stranger in the portal needs to know before he deletes something. */
export const metadataSaysWhatItIs: Rule = {
  name: "metadata-says-what-it-is",
  description: "The metadata of a server names project, stack and role; that of a container the course, or the role.",
  types: Object.keys(NEEDED),
  check: ({ type, inputs: { metadata = {} } }) => {
    if (metadata === UNKNOWN) return [];
    const keys = Object.keys(metadata as object).map((key) => key.toLowerCase());
    const missing = (NEEDED[type] ?? []).filter((any) => !any.some((key) => keys.includes(key)));
    return missing.length === 0 ? [] : [`lacks metadata: add ${missing.map((any) => any.join(" or ")).join(", ")}`];
  },
};

/** A slip in the name of a flavor costs money every hour. */
export const flavorsAreAllowed: Rule = {
  name: "flavors-are-allowed",
  description: "Servers have a flavor of the list in policy/config.json.",
  types: [SERVER],
  config: { allowed: { type: "array", items: { type: "string" } } },
  check: ({ inputs: { flavorName, flavorId }, config: { allowed } }) => {
    const flavor = flavorName ?? flavorId;
    if (!Array.isArray(allowed) || typeof flavor !== "string" || allowed.includes(flavor)) return [];
    const list = allowed.join(", ");
    return [`has the flavor "${flavor}", allowed are ${list}: take one of them, or add it to policy/config.json`];
  },
};

import type { Declared, Rule } from "../rule";

const CONTAINER = "openstack:objectstorage/container:Container";

/** The canary's container holds one object that is made anew every minute. */
function isOfNoWorth({ inputs }: Declared): boolean {
  return (inputs.metadata as Record<string, unknown> | undefined)?.Role === "canary";
}

/** Content exists once: nothing may delete a container by the way. */
export const containersAreKept: Rule = {
  name: "containers-are-kept",
  description: "Containers with content are protected, and destroy never empties them.",
  types: [CONTAINER],
  check: (container) => {
    if (isOfNoWorth(container) || container.stack.deletesContent) return [];
    return [
      ...(container.inputs.forceDestroy === true ? ["deletes its objects with it: set forceDestroy to false"] : []),
      ...(container.isProtected ? [] : ["is not protected: give it the options protect and retainOnDelete"]),
    ];
  },
};

/** Swift's ways to say "everybody": any referrer, any user of any project. */
const EVERYBODY = /(^|,)\s*(\.r:|\.ref|\.rlistings|\*(:|\s*(,|$)))/;

/** Who may write, may delete. */
export const containersAreNotWritableByAll: Rule = {
  name: "containers-are-not-writable-by-all",
  description: "No container lets everybody write.",
  types: [CONTAINER],
  check: ({ inputs: { containerWrite } }) =>
    typeof containerWrite === "string" && EVERYBODY.test(containerWrite)
      ? [`lets everybody write (containerWrite "${containerWrite}"): name projects and users, or leave it out`]
      : [],
};

/** A resource's state, as far as it is looked at here. Secrets read `[secret]`. */
export interface ResourceState {
  type: string;
  inputs?: Record<string, unknown>;
  /** Whether Pulumi forgets it instead of deleting it. */
  retainOnDelete?: boolean;
}

/** What `pulumi preview --json --show-sames` prints. */
export interface Digest {
  /** Configuration in plain text; secrets are masked. */
  config?: Record<string, string>;
  steps?: {
    op: string;
    urn: string;
    oldState?: ResourceState;
    newState?: ResourceState;
    /** Inputs that differ. */
    diffReasons?: string[];
    /** Those of them that replace the resource. */
    replaceReasons?: string[];
  }[];
}

/** One thing that an update would do. */
export interface Change {
  kind: "deleted" | "replaced" | "updated" | "created";
  /** Type token. */
  type: string;
  /** Name in the program. */
  name: string;
  /** Inputs that differ, e.g. `flavorName`. */
  why: string[];
  old?: ResourceState;
  new?: ResourceState;
}

/** Pulumi's names of what changes something; a replacement's halves are not told apart. */
const KINDS: Record<string, Change["kind"]> = {
  delete: "deleted",
  replace: "replaced",
  update: "updated",
  create: "created",
  import: "created",
};

/** Whether a type stands for something real: a component, the stack and a provider only group what does. */
const isReal = (type: string) => !/^(xwmooc|pulumi):/.test(type);

/** What an update would change. */
export function changesOf({ steps = [] }: Digest): Change[] {
  return steps.flatMap(({ op, urn, oldState, newState, diffReasons = [], replaceReasons = [] }) => {
    const kind = KINDS[op];
    const type = (newState ?? oldState)?.type ?? "";
    if (!kind || !isReal(type)) return [];
    const why = replaceReasons.length > 0 ? replaceReasons : diffReasons;
    const states = { ...(oldState && { old: oldState }), ...(newState && { new: newState }) };
    return [{ kind, type, name: urn.split("::").at(-1) ?? urn, why, ...states }];
  });
}

/** The resources that are there now, and those after the update. */
export function resourcesOf({ steps = [] }: Digest): { present: ResourceState[]; planned: ResourceState[] } {
  return {
    present: steps.flatMap(({ oldState }) => oldState ?? []),
    planned: steps.flatMap(({ op, newState }) => (op === "delete" ? [] : (newState ?? []))),
  };
}

/** How many resources stay as they are. */
export function unchangedIn({ steps = [] }: Digest): number {
  return steps.filter(({ op, newState }) => op === "same" && isReal(newState?.type ?? "")).length;
}

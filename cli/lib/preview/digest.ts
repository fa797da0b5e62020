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
  steps?: Step[];
}

/** What is done with one resource. */
export interface Step {
  op: string;
  urn: string;
  oldState?: ResourceState;
  newState?: ResourceState;
  /** Inputs that differ. */
  diffReasons?: string[];
  /** Those of them that replace the resource. */
  replaceReasons?: string[];
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

/**
 * The steps that an update would take, one for each resource. With `--refresh`, Pulumi shows before them what has become of the
 * resources in the cloud, in steps of the same form.
 */
export function stepsOf({ steps = [] }: Digest): Step[] {
  return [...new Map(steps.map((step) => [step.urn, step])).values()].filter(({ op }) => op !== "refresh");
}

/** What an update would change. */
export function changesOf(digest: Digest): Change[] {
  return stepsOf(digest).flatMap(({ op, urn, oldState, newState, diffReasons = [], replaceReasons = [] }) => {
    const kind = KINDS[op];
    const type = (newState ?? oldState)?.type ?? "";
    if (!kind || !isReal(type)) return [];
    const why = replaceReasons.length > 0 ? replaceReasons : diffReasons;
    const states = { ...(oldState && { old: oldState }), ...(newState && { new: newState }) };
    return [{ kind, type, name: urn.split("::").at(-1) ?? urn, why, ...states }];
  });
}

/** The resources that are there now, and those after the update. */
export function resourcesOf(digest: Digest): { present: ResourceState[]; planned: ResourceState[] } {
  const steps = stepsOf(digest);
  return {
    present: steps.flatMap(({ oldState }) => oldState ?? []),
    planned: steps.flatMap(({ op, newState }) => (op === "delete" ? [] : (newState ?? []))),
  };
}

/** How many resources stay as they are. */
export function unchangedIn(digest: Digest): number {
  return stepsOf(digest).filter(({ op, newState }) => op === "same" && isReal(newState?.type ?? "")).length;
}

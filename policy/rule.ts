import type { StackFile } from "./stackFile";

/** Stands for a value that only the update will know. */
export const UNKNOWN = Symbol("known after the update");

/** A resource that Pulumi is about to declare, as a rule sees it. */
export interface Declared {
  /** Type token, e.g. `openstack:compute/instance:Instance`. */
  type: string;
  /** Name in the program. */
  name: string;
  /** Inputs in plain; {@link UNKNOWN} for those that a preview does not know. */
  inputs: Record<string, unknown>;
  /** Names of the inputs that are secret, or hold something secret; only for rules that say `seesSecrets`. */
  secretInputs: ReadonlySet<string>;
  /** Whether Pulumi refuses to delete it. */
  isProtected: boolean;
  /** What the stack's own file says. */
  stack: StackFile;
  /** What `policy/config.json` gives this rule. */
  config: Record<string, unknown>;
}

/** One rule of the pack. */
export interface Rule {
  /** Name in Pulumi's output and in `policy/config.json`. */
  name: string;
  /** What holds where the rule is kept. */
  description: string;
  /** Type tokens of the resources that it looks at. */
  types: string[];
  /** JSON schema of what `policy/config.json` may give. @default nothing */
  config?: Record<string, object>;
  /** Whether it needs to know which inputs are secret. @default false */
  seesSecrets?: true;
  /** What is wrong with a resource: a line each, with the remedy. Nothing where the rule is kept. */
  check: (resource: Declared) => string[];
}

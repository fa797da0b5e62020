import { type ResourceValidationArgs, type ResourceValidationPolicy, Secret } from "@pulumi/policy";
import { type Declared, type Rule, UNKNOWN } from "./rule";
import { readStackFile, type StackFile } from "./stackFile";

/** A rule as Pulumi's engine takes it. */
export function policyOf(rule: Rule): ResourceValidationPolicy {
  const { name, description, types, config, seesSecrets = false } = rule;
  const secretInputs = new Map<string, ReadonlySet<string>>();
  return {
    name,
    description,
    ...(config && { configSchema: { properties: config } }),
    // Only remediations are told which values are secret. They come first, and what is found after them is mandatory all the same.
    ...(seesSecrets && {
      enforcementLevel: "remediate",
      remediateResource: ({ type, urn, props }) => {
        if (types.includes(type)) secretInputs.set(urn, namesOfSecrets(props));
      },
    }),
    validateResource: (args, report) => {
      if (!types.includes(args.type)) return;
      const resource = declared(args, secretInputs.get(args.urn) ?? new Set());
      for (const problem of rule.check(resource)) report(`${args.name} ${problem}.`);
    },
  };
}

function declared(args: ResourceValidationArgs, secretInputs: ReadonlySet<string>): Declared {
  return {
    type: args.type,
    name: args.name,
    inputs: plain(args.props) as Record<string, unknown>,
    secretInputs,
    isProtected: args.opts.protect,
    stack: stackFileOf(args.urn),
    config: args.getConfig(),
  };
}

const stackFiles = new Map<string, StackFile>();

/** The engine starts the pack in the project's folder; a URN begins with `urn:pulumi:<stack>::`. */
function stackFileOf(urn: string): StackFile {
  const stack = urn.split("::")[0]?.split(":")[2] ?? "";
  const file = stackFiles.get(stack) ?? readStackFile(stack, process.cwd());
  stackFiles.set(stack, file);
  return file;
}

/** A copy without Pulumi's proxies, which throw wherever a value is not known yet. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((_, index) => plainAt(value, index));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, plainAt(value, key)]));
}

function plainAt(holder: object, key: string | number): unknown {
  let value: unknown;
  try {
    value = holder[key as keyof typeof holder];
  } catch {
    return UNKNOWN;
  }
  return plain(value);
}

/** Reading a property gives a secret's value; its descriptor gives the secret. */
function namesOfSecrets(props: object): ReadonlySet<string> {
  const raw = (key: string) => Object.getOwnPropertyDescriptor(props, key)?.value as unknown;
  return new Set(Object.keys(props).filter((key) => holdsSecret(raw(key))));
}

function holdsSecret(value: unknown): boolean {
  if (value instanceof Secret) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsSecret);
}

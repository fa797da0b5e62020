import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What an npm package and its plugin must agree on: all names that go over the wire. Every list is sorted. */
export interface PluginSurface {
  /** By token, e.g. `openstack:objectstorage/container:Container`. */
  resources: Record<string, ResourceSurface>;
  /** Data sources, by token. */
  functions: Record<string, { inputs: string[]; outputs: string[] }>;
  /** Properties of the nested objects, by `module/Name`. */
  types: Record<string, string[]>;
  /** Inputs of the provider resource. */
  provider: string[];
  /** Keys of the stack configuration that the provider reads. */
  config: string[];
}

/** One resource: names of its properties. */
export interface ResourceSurface {
  inputs: string[];
  outputs: string[];
  /** Inputs without which the package refuses to work. */
  required: string[];
  /** Outputs that are always secrets. */
  secrets: string[];
}

/** Reads the surface of an installed npm package out of its generated code. */
export function npmSurface(name: string): PluginSurface {
  const root = path.join(__dirname, "../../node_modules", name);
  const surface: PluginSurface = { resources: {}, functions: {}, types: {}, provider: [], config: [] };
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js") || file.startsWith("node_modules")) continue;
    const code = readFileSync(path.join(root, file), "utf8");
    const token = /__pulumiType = '([^']+)'/.exec(code)?.[1];
    if (file === "provider.js") surface.provider = npmResource(code).inputs;
    else if (token) surface.resources[token] = npmResource(code);
    for (const [, invoked = "", args = ""] of code.matchAll(/runtime\.invoke\("([^"]+)", \{([^}]*)\}/g)) {
      const declarations = readFileSync(path.join(root, file.replace(/\.js$/, ".d.ts")), "utf8");
      const result = /export interface Get\w*Result \{\n(.*?)\n\}/s.exec(declarations)?.[1] ?? "";
      surface.functions[invoked] = {
        inputs: names(args, /"(\w+)":/g),
        outputs: names(result, /^ {4}readonly (\w+)\??:/gm),
      };
    }
    if (file === path.join("config", "vars.js")) surface.config = names(code, /__config\.get\w*\("(\w+)"\)/g);
  }
  for (const side of ["input", "output"]) {
    Object.assign(surface.types, npmTypes(readFileSync(path.join(root, "types", `${side}.d.ts`), "utf8")));
  }
  return surface;
}

/** The constructor of a resource sets its inputs from `args`, and outputs where a resource is only looked up too. */
function npmResource(code: string): ResourceSurface {
  const body = code.slice(code.indexOf("constructor("));
  const created = body.slice(Math.max(body.indexOf("args = argsOrState"), 0)).split("\n        else {")[0] ?? "";
  return {
    inputs: names(created, /resourceInputs\["(\w+)"\] = (?!undefined \/\*out)/g),
    outputs: names(body, /resourceInputs\["(\w+)"\]/g),
    required: names(created, /Missing required property '(\w+)'/g),
    secrets: names(/additionalSecretOutputs: \[(.*?)\]/.exec(body)?.[1] ?? "", /"(\w+)"/g),
  };
}

/** `export declare namespace compute { interface InstanceNetwork { … } … }` -> `compute/InstanceNetwork`. */
function npmTypes(declarations: string): Record<string, string[]> {
  const types: Record<string, string[]> = {};
  for (const [, module, body = ""] of declarations.matchAll(/^export declare namespace (\w+) \{\n(.*?)^\}/gms)) {
    for (const [, name, properties = ""] of body.matchAll(/^ {4}interface (\w+?)(?:Args)? \{\n(.*?)^ {4}\}/gms)) {
      types[`${module}/${name}`] = names(properties, /^ {8}(?:readonly )?(\w+)\??:/gm);
    }
  }
  return types;
}

/** The parts of a Pulumi schema that {@link schemaSurface} reads. */
interface Schema {
  resources?: Record<
    string,
    { inputProperties?: Properties; properties?: Properties; requiredInputs?: string[] } | undefined
  >;
  functions?: Record<string, { inputs?: { properties?: Properties }; outputs?: { properties?: Properties } }>;
  types?: Record<string, { properties?: Properties }>;
  provider?: { inputProperties?: Properties };
  config?: { variables?: Properties };
}
type Properties = Record<string, { secret?: boolean }>;

/** Reads the surface of a plugin out of its schema, a file path relative to the repository. */
export function schemaSurface(file: string): PluginSurface {
  const schema: Schema = JSON.parse(readFileSync(path.join(__dirname, "../..", file), "utf8"));
  const surface: PluginSurface = {
    resources: {},
    functions: {},
    types: {},
    provider: keys(schema.provider?.inputProperties),
    config: keys(schema.config?.variables),
  };
  for (const [token, resource] of Object.entries(schema.resources ?? {})) {
    const outputs = resource?.properties ?? {};
    surface.resources[token] = {
      inputs: keys(resource?.inputProperties),
      outputs: keys(outputs),
      required: [...(resource?.requiredInputs ?? [])].sort(),
      secrets: keys(outputs).filter((name) => outputs[name]?.secret),
    };
  }
  for (const [token, { inputs, outputs }] of Object.entries(schema.functions ?? {})) {
    surface.functions[token] = { inputs: keys(inputs?.properties), outputs: keys(outputs?.properties) };
  }
  for (const [token, { properties }] of Object.entries(schema.types ?? {})) {
    const [, module = "", name = ""] = token.split(":");
    const type = `${module.split("/")[0]}/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    if (properties) surface.types[type] = keys(properties);
  }
  return surface;
}

function keys(properties: Properties = {}): string[] {
  return Object.keys(properties).sort();
}

/** What the pattern's first group finds in the text, each once. */
function names(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name ?? ""))].sort();
}

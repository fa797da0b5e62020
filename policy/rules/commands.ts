import { type Declared, type Rule, UNKNOWN } from "../rule";

const REMOTE = ["command:remote:Command", "command:remote:CopyToRemote", "command:remote:CopyFile"];
const COMMANDS = [...REMOTE, "command:local:Command"];
const PROVIDER = "pulumi:providers:openstack";

/** Without it the plugin takes any server for the right one. */
export const hostKeysArePinned: Rule = {
  name: "host-keys-are-pinned",
  description: "Whoever is connected to by SSH has to show the host key that the stack knows.",
  types: REMOTE,
  check: ({ inputs }) => {
    const connection = inputs.connection as Record<string, unknown> | typeof UNKNOWN | undefined;
    // The plugin's own defaults stand for a connection that only the update will know, in the preview of a new server.
    if (connection === UNKNOWN || connection?.host === "") return [];
    const proxy = connection?.proxy as Record<string, unknown> | undefined;
    return [
      ...(connection?.hostKey ? [] : ["trusts any server: set connection.hostKey to the server's public host key"]),
      ...(proxy === undefined || proxy.hostKey ? [] : ["trusts any proxy: set connection.proxy.hostKey"]),
    ];
  },
};

/** Inputs of a command that are shown in a preview, printed when it fails, or seen by others on the server. */
const VISIBLE = ["create", "update", "delete", "triggers", "environment", "interpreter", "dir", "remotePath"];
/** Shorter texts may occur by chance. */
const SHORTEST_SECRET = 8;
const LOOKS_SECRET =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|\$(scrypt|2[aby]|5|6|y|argon2id?)\$|\bgh[ps]_\w{20}|\bpul-\w{20}/;
const NAMED_SECRET = /PASS(WORD|PHRASE)?$|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL/i;

/** Makes the rule. It remembers secrets of the resources that come before: providers' passwords, connections' keys. */
export function noSecretInCommands(): Rule {
  const known = new Set<string>();
  return {
    name: "no-secret-in-commands",
    description:
      "What a command shows holds no secret: texts, triggers, environment, interpreter, paths. Secrets go by stdin.",
    types: [PROVIDER, ...COMMANDS],
    seesSecrets: true,
    check: (resource) => {
      for (const secret of secretsOf(resource)) known.add(secret);
      if (resource.type === PROVIDER) return [];
      return VISIBLE.flatMap((input) => {
        const why = whySecret(resource, input, known);
        return why ? [`shows a secret in ${input} (${why}): hand it over in stdin`] : [];
      });
    },
  };
}

function secretsOf({ type, inputs }: Declared): string[] {
  const holder = type === PROVIDER ? inputs : (inputs.connection ?? {});
  const { password, applicationCredentialSecret, token, privateKey } = holder as Record<string, unknown>;
  return [password, applicationCredentialSecret, token, privateKey]
    .filter((value) => typeof value === "string")
    .map((value) => value.trim())
    .filter((value) => value.length >= SHORTEST_SECRET);
}

function whySecret({ inputs, secretInputs }: Declared, input: string, known: ReadonlySet<string>): string | undefined {
  if (secretInputs.has(input)) return "Pulumi knows it as one";
  const texts = textsIn(inputs[input]);
  if (texts.some((text) => [...known].some((secret) => text.includes(secret)))) return "a password or key of the stack";
  if (texts.some((text) => LOOKS_SECRET.test(text))) return "it has the form of one";
  const names = input === "environment" ? Object.keys(inputs.environment ?? {}) : [];
  const named = names.find((name) => NAMED_SECRET.test(name));
  return named && `the variable ${named}`;
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

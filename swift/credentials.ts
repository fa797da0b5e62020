/** How to sign in to an object store: TempAuth/SoftLayer v1.0, or Keystone v3 with a password or an application credential. */
export type SwiftCredentials = V1Credentials | KeystonePassword | KeystoneApplicationCredential;

export interface V1Credentials {
  auth: "v1";
  /** For example `https://tok02.objectstorage.softlayer.net/auth/v1.0/`. */
  authUrl: string;
  /** `ACCOUNT:USER`, for example `SLOS12345-2:SL12345`. */
  username: string;
  apiKey: string;
}

export interface KeystonePassword extends KeystoneEndpoint {
  /** @default "Default" */
  userDomain?: string;
  /** @default "Default" */
  projectDomain?: string;
  project: string;
  username: string;
  password: string;
}

export interface KeystoneApplicationCredential extends KeystoneEndpoint {
  applicationCredentialId: string;
  applicationCredentialSecret: string;
}

interface KeystoneEndpoint {
  auth: "keystone";
  /** With or without the trailing `/v3`. */
  authUrl: string;
  /** @default the catalogue's first object store, whatever its region */
  region?: string;
}

const v1Keys = ["auth", "authUrl", "username", "apiKey"];
const passwordKeys = ["auth", "authUrl", "region", "userDomain", "projectDomain", "project", "username", "password"];
const applicationKeys = ["auth", "authUrl", "region", "applicationCredentialId", "applicationCredentialSecret"];
const optionalKeys = new Set(["region", "userDomain", "projectDomain"]);

/**
 * Checks credentials that came from a file.
 * @returns the credentials, or every problem found, each naming the key and never its value.
 */
export function parseCredentials(value: unknown): { credentials: SwiftCredentials } | { problems: string[] } {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { problems: ["must be a JSON object"] };
  const given = new Map(Object.entries(value));
  const keys = expectedKeys(given);
  if (keys === undefined) return { problems: ['auth: must be "v1" (TempAuth, SoftLayer) or "keystone"'] };

  const problems: string[] = [];
  for (const key of keys) {
    const field = given.get(key);
    if (field === undefined && optionalKeys.has(key)) continue;
    if (typeof field !== "string" || field === "") problems.push(`${key}: must be a text that is not empty`);
    else if (key === "authUrl" && !isHttpUrl(field))
      problems.push("authUrl: must be a URL that begins with http:// or https://");
  }
  for (const key of given.keys()) {
    if (!keys.includes(key)) problems.push(`${key}: unknown key; known are ${keys.join(", ")}`);
  }
  if (problems.length > 0) return { problems };
  return { credentials: Object.fromEntries(given) as unknown as SwiftCredentials };
}

function expectedKeys(given: Map<string, unknown>): string[] | undefined {
  if (given.get("auth") === "v1") return v1Keys;
  if (given.get("auth") !== "keystone") return undefined;
  return given.has("applicationCredentialId") ? applicationKeys : passwordKeys;
}

function isHttpUrl(text: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

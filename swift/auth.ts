import type { KeystoneApplicationCredential, KeystonePassword, SwiftCredentials, V1Credentials } from "./credentials";
import { SwiftError } from "./errors";
import { type HttpClient, readBody } from "./http";

/** A token and the URL of the account it opens. */
export interface SwiftSession {
  token: string;
  storageUrl: string;
}

/**
 * Signs in.
 * @throws SwiftError "auth" where the credentials are refused, "outage" where no valid answer came.
 */
export function signIn(http: HttpClient, credentials: SwiftCredentials): Promise<SwiftSession> {
  return credentials.auth === "v1" ? signInV1(http, credentials) : signInKeystone(http, credentials);
}

async function signInV1(http: HttpClient, { authUrl, username, apiKey }: V1Credentials): Promise<SwiftSession> {
  const response = await http.send({
    method: "GET",
    url: authUrl,
    headers: { "X-Auth-User": username, "X-Auth-Key": apiKey },
  });
  await readBody(response);
  const { "x-auth-token": token, "x-storage-url": storageUrl } = response.headers;
  refuse(response.statusCode, authUrl, "the user name or the api key");
  if (typeof token !== "string" || typeof storageUrl !== "string") throw notAnAuthService(response.statusCode, authUrl);
  return { token, storageUrl: withoutSlash(storageUrl) };
}

async function signInKeystone(
  http: HttpClient,
  credentials: KeystonePassword | KeystoneApplicationCredential,
): Promise<SwiftSession> {
  const base = withoutSlash(credentials.authUrl);
  const url = `${base.endsWith("/v3") ? base : `${base}/v3`}/auth/tokens`;
  const response = await http.send({
    method: "POST",
    url,
    headers: { "Content-Type": "application/json" },
    body: Buffer.from(JSON.stringify({ auth: keystoneRequest(credentials) })),
  });
  const body = await readBody(response);
  refuse(response.statusCode, url, "the user, project, domain or password");
  const token = response.headers["x-subject-token"];
  if (response.statusCode !== 201 || typeof token !== "string") throw notAnAuthService(response.statusCode, url);
  return { token, storageUrl: withoutSlash(objectStoreOf(body, url, credentials.region)) };
}

/** The body of a sign-in to Keystone v3. */
export function keystoneRequest(credentials: KeystonePassword | KeystoneApplicationCredential): object {
  if ("applicationCredentialId" in credentials) {
    const { applicationCredentialId: id, applicationCredentialSecret: secret } = credentials;
    return { identity: { methods: ["application_credential"], application_credential: { id, secret } } };
  }
  const { username, password, project, userDomain = "Default", projectDomain = "Default" } = credentials;
  return {
    identity: { methods: ["password"], password: { user: { name: username, password, domain: { name: userDomain } } } },
    scope: { project: { name: project, domain: { name: projectDomain } } },
  };
}

interface TokenAnswer {
  token?: {
    catalog?: { type: string; endpoints: { interface: string; region?: string; region_id?: string; url: string }[] }[];
  };
}

function objectStoreOf(body: Buffer, url: string, region: string | undefined): string {
  let catalog: NonNullable<TokenAnswer["token"]>["catalog"];
  try {
    catalog = (JSON.parse(body.toString("utf8")) as TokenAnswer).token?.catalog;
  } catch {
    throw notAnAuthService(201, url);
  }
  const stores = (catalog ?? [])
    .filter((service) => service.type === "object-store")
    .flatMap((service) => service.endpoints.filter((endpoint) => endpoint.interface === "public"));
  const regionOf = (endpoint: { region?: string; region_id?: string }) => endpoint.region_id ?? endpoint.region ?? "";
  const store = stores.find((endpoint) => region === undefined || regionOf(endpoint) === region);
  if (store) return store.url;
  const known = [...new Set(stores.map(regionOf))].join(", ") || "none";
  throw new SwiftError(
    "auth",
    `${url} names no object store${region ? ` in region ${region}` : ""}; it has one in: ${known}`,
  );
}

function refuse(status: number | undefined, url: string, what: string): void {
  if (status === 401 || status === 403) {
    throw new SwiftError("auth", `${new URL(url).host} refused ${what} (${status} from ${url})`, status);
  }
}

function notAnAuthService(status: number | undefined, url: string): SwiftError {
  return new SwiftError("outage", `${url} gave no token (HTTP ${status}); is it the auth URL?`, status);
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}

// Asks the object store whether it takes the credentials: node ask-store.mjs CREDENTIALS.json
// Exit code 0: it does; 1: no valid answer; 2: it refuses them. Says why in one line, never with a key or a token.
import { readFileSync } from "node:fs";

const TIME_LIMIT_MS = 10_000;
const credentials = JSON.parse(readFileSync(process.argv[2], "utf8"));

function request() {
  const { authUrl } = credentials;
  if (credentials.auth === "v1") {
    return [authUrl, { headers: { "X-Auth-User": credentials.username, "X-Auth-Key": credentials.apiKey } }];
  }
  const base = authUrl.replace(/\/+$/, "");
  return [
    `${base.endsWith("/v3") ? base : `${base}/v3`}/auth/tokens`,
    {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ auth: keystoneRequest() }),
    },
  ];
}

function keystoneRequest() {
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

function end(code, message) {
  if (message) console.log(message);
  process.exit(code);
}

const [url, options] = request();
let response;
try {
  response = await fetch(url, { ...options, signal: AbortSignal.timeout(TIME_LIMIT_MS) });
} catch (error) {
  const reason =
    error.name === "TimeoutError" ? `silent for ${TIME_LIMIT_MS / 1000} s` : (error.cause?.code ?? "no HTTP");
  end(1, `the object store does not answer at ${url} (${reason}); check the auth URL and the network`);
}
if (response.status === 401 || response.status === 403) {
  end(2, `the object store at ${url} refuses the credentials; check the user name and the key or password`);
}
const token = credentials.auth === "v1" ? "x-auth-token" : "x-subject-token";
if (!response.ok || !response.headers.has(token)) {
  end(1, `no object store signs in at ${url} (HTTP ${response.status} without a token); check the auth URL`);
}
end(0);

import { config } from "../e2e/support/project";

/** Of the user of the stack dev, which is no secret. */
const PASSWORD = "xwmooc-dev";

/** What a portal does for its user: makes and deletes application credentials. */
export class Keystone {
  private constructor(
    private readonly credentials: string,
    private readonly token: string,
  ) {}

  /** As the user of the stack dev. */
  static async signIn(): Promise<Keystone> {
    const { compute } = config;
    if (compute.authType !== "v3password") throw new Error("the stack dev does not sign in by a password");
    const domain = { id: "default" };
    const user = { name: compute.username, domain, password: PASSWORD };
    const scope = { project: { name: compute.project, domain } };
    const auth = { identity: { methods: ["password"], password: { user } }, scope };
    const answer = await send(`${compute.authUrl}/auth/tokens`, "POST", {}, { auth });
    const { token } = (await answer.json()) as { token: { user: { id: string } } };
    const credentials = `${compute.authUrl}/users/${token.user.id}/application_credentials`;
    return new Keystone(credentials, answer.headers.get("X-Subject-Token") ?? "");
  }

  /** With all that the user may do. */
  async createCredential(name: string): Promise<{ id: string; secret: string }> {
    const answer = await send(this.credentials, "POST", this.headers, { application_credential: { name } });
    const { application_credential } = (await answer.json()) as {
      application_credential: { id: string; secret: string };
    };
    return application_credential;
  }

  async deleteCredential(id: string): Promise<void> {
    await send(`${this.credentials}/${id}`, "DELETE", this.headers);
  }

  private get headers() {
    return { "X-Auth-Token": this.token };
  }
}

async function send(url: string, method: string, headers: Record<string, string>, body?: object): Promise<Response> {
  const answer = await fetch(url, {
    method,
    headers: { ...headers, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

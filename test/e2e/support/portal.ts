import { config } from "./project";

/** Of the user of the stack dev, which is no secret. */
const PASSWORD = "xwmooc-dev";

interface Image {
  id: string;
  name: string;
  [property: string]: unknown;
}

/** What an image is booted by and with, besides its disk. */
const BOOT = /^(disk_format|container_format|kernel_id|ramdisk_id|os_command_line|os_distro|os_version|hw_\w+)$/;

/** What a cloud's portal does for its user: application credentials, images. */
export class Portal {
  private constructor(
    private readonly credentials: string,
    private readonly images: string,
    private readonly token: string,
  ) {}

  /** As the user of the stack dev. */
  static async signIn(): Promise<Portal> {
    const { compute } = config;
    if (compute.authType !== "v3password") throw new Error("the stack dev does not sign in by a password");
    const domain = { id: "default" };
    const user = { name: compute.username, domain, password: PASSWORD };
    const scope = { project: { name: compute.project, domain } };
    const auth = { identity: { methods: ["password"], password: { user } }, scope };
    const answer = await send(`${compute.authUrl}/auth/tokens`, "POST", {}, { auth });
    const { token } = (await answer.json()) as { token: Token };
    const glance = token.catalog.find(({ type }) => type === "image")?.endpoints;
    const images = glance?.find((one) => one.interface === "public" && one.region_id === compute.region)?.url;
    return new Portal(
      `${compute.authUrl}/users/${token.user.id}/application_credentials`,
      `${images}/v2/images`,
      answer.headers.get("X-Subject-Token") ?? "",
    );
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

  /** Uploads what an image holds as another one. */
  async copyImage(name: string, copy: string): Promise<void> {
    const [image] = await this.imagesCalled(name);
    if (image === undefined) throw new Error(`there is no image ${name}`);
    const properties = Object.fromEntries(Object.entries(image).filter(([property]) => BOOT.test(property)));
    const disk = await send(`${this.images}/${image.id}/file`, "GET", this.headers);
    const made = await send(this.images, "POST", this.headers, { ...properties, name: copy });
    const file = `${this.images}/${((await made.json()) as Image).id}/file`;
    const headers = { ...this.headers, "Content-Type": "application/octet-stream" };
    const stored = await fetch(file, { method: "PUT", headers, body: disk.body, duplex: "half" } as RequestInit);
    if (!stored.ok) throw new Error(`PUT ${file}: ${stored.status} ${await stored.text()}`);
  }

  /** Deletes all images of a name. */
  async deleteImages(name: string): Promise<void> {
    for (const { id } of await this.imagesCalled(name)) await send(`${this.images}/${id}`, "DELETE", this.headers);
  }

  private async imagesCalled(name: string): Promise<Image[]> {
    const answer = await send(`${this.images}?name=${encodeURIComponent(name)}`, "GET", this.headers);
    return ((await answer.json()) as { images: Image[] }).images;
  }

  private get headers() {
    return { "X-Auth-Token": this.token };
  }
}

interface Token {
  user: { id: string };
  catalog: { type: string; endpoints: { interface: string; region_id: string; url: string }[] }[];
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

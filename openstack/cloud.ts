import type { StackConfig } from "../config/schema";
import { keystoneRequest } from "../swift/auth";

/** How long one answer may take, in ms. */
const TIMEOUT = 15_000;

/** The services that a web server is made with, by their type in the service catalogue. */
type Service = "compute" | "dns" | "image" | "network";

interface Endpoint {
  interface: string;
  region_id?: string;
  url: string;
}

interface TokenAnswer {
  token: {
    catalog?: { type: string; endpoints: Endpoint[] }[];
  };
}

/** An answer, read to its end. */
interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Why the compute side can't be used, in words for the person who wrote the configuration. */
export class CloudError extends Error {
  override name = "CloudError";
}

/** What the cloud has under a name. Names need not be unique, IDs are. */
export interface Named {
  id: string;
  name: string;
}

/** A signed-in session with the OpenStack project that holds the web server. */
export class Cloud {
  private constructor(
    private readonly token: string,
    private readonly endpoints: Map<string, string>,
  ) {}

  /** @throws CloudError where Keystone can't be reached, refuses the credentials or lacks the region. */
  static async signIn(compute: StackConfig["compute"]): Promise<Cloud> {
    const { authType: _, ...credentials } = compute;
    const url = `${compute.authUrl.replace(/\/$/, "")}/auth/tokens`;
    const response = await send(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ auth: keystoneRequest({ auth: "keystone", ...credentials }) }),
    });
    const token = response.headers.get("X-Subject-Token");
    if (response.status === 401 || response.status === 403) {
      throw new CloudError(
        `xwmooc:compute: Keystone at ${compute.authUrl} refused the credentials (${response.status})`,
      );
    }
    if (response.status !== 201 || token === null) {
      throw new CloudError(
        `xwmooc:compute.authUrl: ${compute.authUrl} gave no token (HTTP ${response.status}); is it a Keystone v3 URL?`,
      );
    }
    const { token: answer } = json<TokenAnswer>(response, url);
    const inRegion = (answer.catalog ?? []).flatMap((service) =>
      service.endpoints
        .filter((endpoint) => endpoint.interface === "public" && endpoint.region_id === compute.region)
        .map((endpoint) => [service.type, endpoint.url.replace(/\/$/, "")] as const),
    );
    if (inRegion.length === 0) {
      const regions = (answer.catalog ?? []).flatMap((service) =>
        service.endpoints.map((endpoint) => endpoint.region_id ?? ""),
      );
      throw new CloudError(
        `xwmooc:compute.region "${compute.region}" is not in the service catalogue; regions: ${list(regions)}`,
      );
    }
    return new Cloud(token, new Map(inRegion));
  }

  /** Whether the cloud's catalogue has a service of this type. */
  has(service: string): boolean {
    return this.endpoints.has(service);
  }

  /** The flavors. */
  flavors(): Promise<Named[]> {
    return this.items("compute", "/flavors", "flavors");
  }

  /** The images that can be booted. */
  images(): Promise<Named[]> {
    return this.items("image", "/v2/images?limit=1000&status=active", "images");
  }

  /** The networks; the external ones only, if asked. */
  networks(external = false): Promise<Named[]> {
    const path = `/v2.0/networks?fields=id&fields=name${external ? "&router:external=true" : ""}`;
    return this.items("network", path, "networks");
  }

  /** The DNS zones, their names without the dot at the end. */
  async zones(): Promise<Named[]> {
    const zones = await this.items<Named>("dns", "/v2/zones?limit=1000", "zones");
    return zones.map(({ id, name }) => ({ id, name: name.replace(/\.$/, "") }));
  }

  /** The servers of the project. */
  servers(): Promise<Named[]> {
    return this.items("compute", "/servers", "servers");
  }

  /** Asks for the end of a server; it is gone when {@link hasServer} says so. */
  async deleteServer(id: string): Promise<void> {
    await this.request("compute", `/servers/${id}`, "DELETE");
  }

  async hasServer(id: string): Promise<boolean> {
    return (await this.request("compute", `/servers/${id}`)) !== undefined;
  }

  private async items<T>(service: Service, path: string, key: string): Promise<T[]> {
    const answer = await this.request(service, path);
    if (!answer) throw new CloudError(`xwmooc:compute: the "${service}" endpoint of the catalogue has no ${path}`);
    return json<Record<string, T[]>>(answer, path)[key] ?? [];
  }

  /** @returns the answer; undefined for what is not there (404). */
  private async request(service: Service, path: string, method = "GET"): Promise<Answer | undefined> {
    const endpoint = this.endpoints.get(service);
    if (endpoint === undefined)
      throw new CloudError(`xwmooc:compute: the service catalogue has no public "${service}" endpoint`);
    // Catalogues give some endpoints with their version and some without.
    const base = path.startsWith("/v2") ? endpoint.replace(/\/v2(\.\d)?$/, "") : endpoint;
    const response = await send(`${base}${path}`, { method, headers: { "X-Auth-Token": this.token } });
    if (response.status === 404) return undefined;
    if (response.status >= 400)
      throw new CloudError(`xwmooc:compute: ${method} ${base}${path} answered HTTP ${response.status}`);
    return response;
  }
}

async function send(url: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT) });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    const cause = (error as Error).cause as { code?: string } | undefined;
    throw new CloudError(
      `${new URL(url).origin} can't be reached (${cause?.code ?? (error as Error).name}): check xwmooc:compute.authUrl and the network`,
    );
  }
}

/** @throws CloudError where the answer is something else, such as a page that excuses a service. */
function json<Content>({ status, text }: Answer, url: string): Content {
  try {
    return JSON.parse(text) as Content;
  } catch {
    throw new CloudError(
      `xwmooc:compute: ${url} answered HTTP ${status} with something else than JSON: try again later`,
    );
  }
}

/** Names for a message: each once, sorted. */
export function list(names: string[]): string {
  return [...new Set(names)].sort().join(", ") || "none";
}

import { randomBytes } from "node:crypto";
import { SwiftClient } from "../../swift/client";
import type { SwiftCredentials } from "../../swift/credentials";
import { SwiftDouble } from "../support/swiftDouble";

/** A store that a behaviour is tested against: always the double, and the real Swift of the dev cloud where it runs. */
export interface TestStore {
  credentials: SwiftCredentials;
  /** The container that stands for `name`: in a real store one of this test's own. */
  container(name: string): string;
  put(container: string, name: string, content: string, headers?: Record<string, string>): Promise<void>;
  /** Stores a static large object of segments that are stored already, each `CONTAINER/NAME`. */
  putStatic(container: string, name: string, segments: string[]): Promise<void>;
  delete(container: string, name: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a store, or resolves with `undefined` where it does not run. */
export type OpenStore = () => Promise<TestStore | undefined>;

export const stores: [string, OpenStore][] = [
  ["a double of Swift", openDouble],
  ["the real Swift of the dev cloud", openReal],
];

const DEV_CLOUD = "http://10.77.0.2:8080";

async function openDouble(): Promise<TestStore> {
  const double = await new SwiftDouble().start();
  return new ClientStore(double.credentials, "", () => double.stop());
}

async function openReal(): Promise<TestStore | undefined> {
  const healthy = await fetch(`${DEV_CLOUD}/healthcheck`, { signal: AbortSignal.timeout(1_000) }).then(
    (response) => response.ok,
    () => false,
  );
  if (!healthy) return undefined;
  const credentials: SwiftCredentials = {
    auth: "v1",
    authUrl: `${DEV_CLOUD}/auth/v1.0`,
    username: "SLDEV-2:SLDEV",
    apiKey: "SLDEV-key",
  };
  return new ClientStore(credentials, `test-${randomBytes(6).toString("hex")}-`, async () => {});
}

class ClientStore implements TestStore {
  private readonly client: SwiftClient;
  private readonly created = new Set<string>();

  constructor(
    readonly credentials: SwiftCredentials,
    private readonly prefix: string,
    private readonly stop: () => Promise<void>,
  ) {
    this.client = new SwiftClient(credentials);
  }

  container(name: string): string {
    return `${this.prefix}${name}`;
  }

  async put(container: string, name: string, content: string, headers: Record<string, string> = {}): Promise<void> {
    await this.create(container);
    await this.client.put(this.container(container), name, content, { headers });
  }

  async putStatic(container: string, name: string, segments: string[]): Promise<void> {
    await this.create(container);
    const manifest = JSON.stringify(segments.map((segment) => ({ path: `/${this.prefix}${segment}` })));
    await this.client.put(this.container(container), name, manifest, { query: "multipart-manifest=put" });
  }

  async delete(container: string, name: string): Promise<void> {
    await this.client.delete(this.container(container), name);
  }

  async close(): Promise<void> {
    for (const container of this.created) {
      for (const { name } of await this.client.list(container)) await this.client.delete(container, name);
      await this.client.deleteContainer(container);
    }
    this.client.close();
    await this.stop();
  }

  private async create(name: string): Promise<void> {
    const container = this.container(name);
    if (this.created.has(container)) return;
    await this.client.createContainer(container);
    this.created.add(container);
  }
}

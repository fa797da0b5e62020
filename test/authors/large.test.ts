// npm run test:authors: a file that is larger than Swift takes in one piece. By hand: it needs 12 GB of disk.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Clients } from "../gateway/clients";
import { GatewayHost } from "../gateway/gatewayHost";
import { STORE_AUTH_URL } from "../support/courseHost";
import { whyNoContainers } from "../support/systemdContainer";

const noContainers = whyNoContainers();
if (noContainers) console.warn(`no large file is tried: ${noContainers}`);
const BYTES = 5.5 * 1024 ** 3;
const LONG_MS = 20 * 60_000;

describe.skipIf(noContainers)(`a file of ${BYTES} bytes`, { timeout: LONG_MS }, () => {
  let gateway: GatewayHost;
  const clients = new Clients(() => gateway);

  beforeAll(async () => {
    gateway = await GatewayHost.boot("large", STORE_AUTH_URL);
    await clients.prepare();
    // Each piece is another one: a pattern over the number of its block.
    await gateway.sh(`openssl enc -aes-128-ctr -K 0 -iv 0 -in /dev/zero 2>/dev/null | head -c ${BYTES} >/root/huge.bin || true
      md5sum </root/huge.bin >/root/huge.md5`);
  }, LONG_MS);
  afterAll(() => gateway?.stop(), LONG_MS);

  it.each([
    ["FTP over TLS", "ftp://127.0.0.1"],
    ["SFTP", "sftp://127.0.0.1:2022"],
  ])("is stored by %s, and comes back as it was", async (protocol, url) => {
    const began = Date.now();
    expect(await clients.lftp("put /root/huge.bin -o /pi/huge.bin", url)).toMatchObject({ code: 0 });
    const seconds = (Date.now() - began) / 1000;
    console.log(`${protocol}: ${BYTES} bytes in ${seconds.toFixed(0)} s, ${(BYTES / 1e6 / seconds).toFixed(0)} MB/s`);
    const stored = (await gateway.store.list("pi")).find(({ name }) => name === "huge.bin");
    expect(stored).toMatchObject({ bytes: BYTES });
    expect(stored?.sloEtag).toBeDefined();
    const back = await clients.curl("ftp://127.0.0.1/pi/huge.bin | md5sum");
    expect(back.stdout.trim()).toBe(await gateway.sh("cat /root/huge.md5"));
    const memory = await gateway.sh("systemctl show -P MemoryPeak upload-gateway || true");
    console.log(`memory at most: ${memory.trim() || "not known"}`);
  });
});

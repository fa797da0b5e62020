import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoContainers } from "../support/systemdContainer";
import { Clients } from "./clients";
import { AUTHOR, GatewayHost } from "./gatewayHost";

// What goes wrong between a client and the store: whoever was told "transferred" has it stored, and for everybody else what was
// there before is there still.
const noContainers = whyNoContainers();
/** A boot may have to build the root file system, and the gateway, first. */
const BOOT_MS = 10 * 60_000;
const LONG_MS = 3 * 60_000;
/** Errors come within so many seconds. */
const ANSWER_S = 30;
const BEFORE = "what was there before\n";

describe.skipIf(noContainers)("the upload gateway, when things go wrong", { timeout: LONG_MS }, () => {
  let gateway: GatewayHost;
  const clients = new Clients(() => gateway);
  const sh = (command: string) => gateway.sh(command);

  beforeAll(async () => {
    gateway = await GatewayHost.boot("gateway-faults");
    await clients.prepare();
    await sh("head -c 3000000 /dev/urandom >/root/new.bin; head -c 40000000 /dev/urandom >/root/large.bin");
  }, BOOT_MS);
  afterAll(() => gateway?.stop(), LONG_MS);

  const md5 = (text: string) => createHash("md5").update(text).digest("hex");
  const hashOf = async (name: string) => (await gateway.store.list("pi")).find((one) => one.name === name)?.hash;
  const md5Of = async (file: string) => (await sh(`md5sum '${file}'`)).split(" ")[0];
  const isBack = () =>
    gateway.host.container.until(30, "uploads work again", async () => {
      return (await clients.curl("--upload-file /root/new.bin ftp://127.0.0.1/pi/probe.bin")).code === 0;
    });

  describe("the store", () => {
    it.each<[string, () => unknown, () => unknown]>([
      [
        "answers every PUT with 503",
        () => (gateway.way.fault = ({ method }) => (method === "PUT" ? 503 : undefined)),
        () => (gateway.way.fault = () => undefined),
      ],
      [
        "takes an object and resets the connection",
        () => (gateway.way.fault = ({ method }) => (method === "PUT" ? "reset" : undefined)),
        () => (gateway.way.fault = () => undefined),
      ],
      [
        "does not answer",
        () => (gateway.way.fault = ({ method }) => (method === "PUT" ? "hang" : undefined)),
        () => (gateway.way.fault = () => undefined),
      ],
      ["is stopped", () => gateway.host.stopStore(), () => gateway.host.startStore()],
    ])("%s: an error within 30 s, in words, and the object of before", async (_, strike, heal) => {
      await gateway.store.put("pi", "page.bin", BEFORE);
      await strike();
      const began = performance.now();
      const { code, stdout, stderr } = await clients.ftplib(`
ftp = login()
print(refused(lambda: ftp.storbinary("STOR /pi/page.bin", open("/root/new.bin", "rb"))))`);
      const seconds = (performance.now() - began) / 1000;
      await heal();
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^451 .*please try again later/);
      expect(seconds).toBeLessThan(ANSWER_S + 2);
      expect(await hashOf("page.bin")).toBe(md5(BEFORE));
      await isBack();
    });

    it("answers 10 s late: the upload is only late", async () => {
      gateway.way.fault = ({ method }) => (method === "PUT" ? { delayMs: 9_000 } : undefined);
      const { code } = await clients.curl("--upload-file /root/new.bin ftp://127.0.0.1/pi/late.bin");
      gateway.way.fault = () => undefined;
      expect(code).toBe(0);
      expect(await hashOf("late.bin")).toBe(await md5Of("/root/new.bin"));
    });

    it("fails one of ten requests: nobody notices", async () => {
      let asked = 0;
      gateway.way.fault = () => (++asked % 10 === 0 ? 503 : undefined);
      await sh("mkdir -p /root/many; for i in $(seq 60); do echo $i >/root/many/$i.html; done");
      const { code } = await clients.lftp("mirror --reverse /root/many /pi/many");
      gateway.way.fault = () => undefined;
      expect(code).toBe(0);
      expect((await gateway.store.list("pi", "many/")).filter(({ bytes }) => bytes > 0)).toHaveLength(60);
    });
  });

  it("a client that is cut at 20 random points leaves what was there before", async () => {
    await gateway.store.put("pi", "cut.bin", BEFORE);
    const { code, stdout, stderr } = await clients.ftplib(`
import os, random, signal
data = open("/root/large.bin", "rb").read()
for i in range(20):
    at = random.randrange(0, len(data))
    pid = os.fork()
    if pid == 0:
        ftp = login(); conn = ftp.transfercmd("STOR /pi/cut.bin"); conn.sendall(data[:at])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
time.sleep(3); print("done")`);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: "done\n" });
    expect(await hashOf("cut.bin")).toBe(md5(BEFORE));
  });

  it("an SFTP client that is killed leaves what was there before", async () => {
    await gateway.store.put("pi", "cut.bin", BEFORE);
    for (const seconds of ["0.3", "0.6", "1"]) {
      await gateway.run(
        `echo 'put /root/large.bin /pi/cut.bin' >/root/cut-batch
         SSH_ASKPASS=/root/askpass SSH_ASKPASS_REQUIRE=force timeout -s KILL ${seconds} sftp -l 20000 -q -P 2022 -o BatchMode=no \
           -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -b /root/cut-batch ${AUTHOR.name}@127.0.0.1`,
      );
    }
    await sh("sleep 2");
    expect(await hashOf("cut.bin")).toBe(md5(BEFORE));
  });

  it("the gateway killed in the middle of an upload is back, and nothing is half stored", async () => {
    await gateway.store.put("pi", "page.bin", BEFORE);
    const upload = clients.curl("--limit-rate 5M --upload-file /root/large.bin ftp://127.0.0.1/pi/page.bin");
    await sh("sleep 2; systemctl kill --signal KILL upload-gateway");
    expect((await upload).code).not.toBe(0);
    await isBack();
    expect(await hashOf("page.bin")).toBe(md5(BEFORE));
  });

  it("a hundred sessions are too many for one address, and those that are let in work", async () => {
    const { stdout, stderr } = await clients.ftplib(`
done, turned, lock = [], [], threading.Lock()
def one(i):
    try:
        ftp = login(); ftp.storbinary(f"STOR /pi/session/{i}.txt", io.BytesIO(str(i).encode()))
        with lock: done.append(i)
        time.sleep(2); ftp.quit()
    except Exception as error:
        with lock: turned.append(str(error))
threads = [threading.Thread(target=one, args=(i,)) for i in range(100)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(done), len(turned), sorted(set(turned)))`);
    expect(stderr).toBe("");
    const [done = 0, turned = 0] = stdout.split(" ").map(Number);
    expect(done + turned).toBe(100);
    expect(done).toBeGreaterThanOrEqual(30);
    expect(stdout).toContain("too many connections");
    expect((await gateway.store.list("pi", "session/")).length).toBe(done);
  });

  it("ten wrong passwords shut their address out, for a while", async () => {
    const { stdout } = await clients.ftplib(`
for i in range(10):
    try: login(password="wrong")
    except (ftplib.Error, OSError, EOFError) as error: print(str(error) or "closed")`);
    expect(stdout).toContain("wrong user name, password or key");
    expect(stdout).toContain("too many failed logins");
    const audit = await sh("journalctl --unit upload-gateway --output cat");
    expect(audit).toMatch(/msg="login failed" protocol=ftp account=kim address=127\.0\.0\.1/);
    await isBack();
  });

  it("stays small whatever happens", async () => {
    // By the one that was killed above.
    expect((await sh("systemctl show -P NRestarts upload-gateway")).trim()).toBe("1");
    const resident = await sh("awk '/VmHWM/ {print $2}' /proc/$(systemctl show -P MainPID upload-gateway)/status");
    expect(Number(resident) * 1024).toBeLessThan(400 * 1024 ** 2);
  });
});

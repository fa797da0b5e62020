import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoContainers } from "../support/systemdContainer";
import { Clients } from "./clients";
import { AUTHOR, GatewayHost, READER } from "./gatewayHost";

// Real clients against the real gateway, on a real systemd, Swift, publisher and nginx.
const noContainers = whyNoContainers();
if (noContainers) console.warn(`the upload gateway is not tested: ${noContainers}`);
/** A boot may have to build the root file system, and the gateway, first. */
const BOOT_MS = 10 * 60_000;
const LONG_MS = 3 * 60_000;

/** As macOS sends it. */
const NFD = "한글 문서.html".normalize("NFD");
const NFC = "한글 문서.html".normalize("NFC");

describe.skipIf(noContainers)("the upload gateway", { timeout: LONG_MS }, () => {
  let gateway: GatewayHost;
  const sh = (command: string) => gateway.sh(command);
  const run = (command: string) => gateway.run(command);

  beforeAll(async () => {
    gateway = await GatewayHost.boot("gateway");
    // A site with a bit of everything that file names have.
    await sh(`mkdir -p /root/site/css '/root/site/그림 모음' /root/empty /root/.config
      for i in $(seq 40); do head -c $((i * 997)) /dev/urandom >/root/site/page-$i.html; done
      : >/root/site/css/zero.css; head -c 5000 /dev/urandom >'/root/site/그림 모음/사진 #1 & 2.png'
      head -c 60000000 /dev/urandom >/root/large.bin`);
    await clients.prepare();
  }, BOOT_MS);
  afterAll(() => gateway?.stop(), LONG_MS);

  const clients = new Clients(() => gateway);
  const curl = clients.curl.bind(clients);
  const lftp = clients.lftp.bind(clients);
  /** @param body what is done with a session `ftp` */
  const ftplib = (body: string) => clients.ftplib(`ftp = login()\n${body}`);
  const md5Of = async (file: string) => (await sh(`md5sum '${file}'`)).split(" ")[0];
  const stored = async (course: string) =>
    new Map((await gateway.store.list(course)).map(({ name, hash }) => [name, hash]));
  /** What is stored of a course is what the folder has. */
  async function expectStored(course: string, folder: string): Promise<void> {
    const listed = await sh(
      `cd ${folder} && find . -type f -printf '%P\\0' | xargs -0r md5sum --zero | tr '\\0' '\\n'`,
    );
    const files = listed
      .split("\n")
      .filter(Boolean)
      .map((line) => [line.slice(34).normalize("NFC"), line.slice(0, 32)]);
    const objects = [...(await gateway.store.list(course))].filter(({ name }) => name !== "index.html");
    // Markers of folders.
    const plain = objects.filter(({ contentType }) => contentType !== "application/directory");
    expect(plain.map(({ name, hash }) => [name, hash]).sort()).toEqual(files.sort());
  }

  describe("its service", () => {
    it("is hardened", async () => {
      const verdict = await sh("systemd-analyze security --no-pager upload-gateway.service | tail -n 1");
      expect(Number(/exposure level for \S+: ([\d.]+)/.exec(verdict)?.[1])).toBeLessThanOrEqual(2);
    });

    it("is not restarted by a step that changes nothing", async () => {
      const before = await sh("systemctl show -P InvocationID upload-gateway");
      const { code, stdout } = await gateway.step();
      expect(stdout).toMatch(
        /upload-gateway: FTP over TLS at port 21, certificate SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}\n/,
      );
      expect(stdout).toMatch(/upload-gateway: SFTP at port 2022, host key SHA256:\S+\n/);
      expect(code).toBe(0);
      expect(await sh("systemctl show -P InvocationID upload-gateway")).toBe(before);
    });

    it("says in its status and its journal what it does", async () => {
      await sh("echo audited >/root/audited.html");
      expect((await curl("--upload-file /root/audited.html ftp://127.0.0.1/pi/audited.html")).code).toBe(0);
      expect((await curl("ftp://127.0.0.1/pi/audited.html")).stdout).toBe("audited\n");
      const journal = await sh("journalctl --unit upload-gateway --output cat");
      const action = "protocol=ftp account=kim address=127.0.0.1 path=/pi/audited.html";
      expect(journal).toMatch(new RegExp(`msg=store ${action} bytes=8 etag=[0-9a-f]{32} ms=\\d+\n`));
      expect(journal).toMatch(new RegExp(`msg=read ${action} from=0 bytes=8 ms=\\d+`));
      const status = () => sh("systemctl show -P StatusText upload-gateway");
      await gateway.host.container.until(15, "the upload is counted", async () =>
        /sessions: \d+; since the start: [1-9]\d* files stored, \d+ uploads failed; addresses banned: 0/.test(
          await status(),
        ),
      );
    });

    it("uses a certificate that is renewed, without a restart", async () => {
      const shown = () =>
        sh("openssl s_client -connect 127.0.0.1:990 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256");
      const [before, run] = [await shown(), await sh("systemctl show -P InvocationID upload-gateway")];
      await sh(`cd /etc/upload-gateway && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=renewed" -keyout tls.key.new -out tls.crt.new 2>/dev/null
        chown upload-gateway: tls.*.new && mv tls.key.new tls.key && mv tls.crt.new tls.crt`);
      // It looks every 30 s.
      await gateway.host.container.until(45, "the new certificate is used", async () => (await shown()) !== before);
      expect(await shown()).toBe(await sh("openssl x509 -noout -fingerprint -sha256 -in /etc/upload-gateway/tls.crt"));
      expect(await sh("systemctl show -P InvocationID upload-gateway")).toBe(run);
    });

    it("keeps its secrets to itself", async () => {
      const said = await sh(
        "journalctl --unit upload-gateway --output cat; ps axww -o args; systemctl show upload-gateway",
      );
      expect(said).not.toContain(AUTHOR.password);
      expect(said).not.toContain("$scrypt");
      expect(said).not.toContain("first-key");
      expect((await sh("stat -c '%U %a' /etc/upload-gateway/*.json")).trim()).toBe(
        "upload-gateway 600\n".repeat(3).trim(),
      );
    });
  });

  describe("by FTP over TLS", () => {
    it("lets nobody in without encryption", async () => {
      const { code, stderr } = await run(
        `curl --silent --show-error --user '${AUTHOR.name}:${AUTHOR.password}' ftp://127.0.0.1/`,
      );
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/denied|refused|530|550|421/i);
    });

    it.each([
      ["explicit TLS", "ftp://127.0.0.1/pi/one.html"],
      ["implicit TLS", "ftps://127.0.0.1:990/pi/one.html"],
    ])("stores a file and gives it back, by %s", async (_, url) => {
      const text = `<p>${url}</p>\n`;
      await sh(`printf '%s\\n' '${text.trim()}' >/root/one.html`);
      expect(await curl(`--upload-file /root/one.html ${url}`)).toMatchObject({ code: 0, stderr: "" });
      expect((await stored("pi")).get("one.html")).toBe(createHash("md5").update(text).digest("hex"));
      expect((await curl(url)).stdout).toBe(text);
    });

    it("takes uploads over IPv6, in FTP's extended passive mode", async () => {
      await sh("echo 'by IPv6' >/root/six.html");
      const { code, stderr } = await curl("--verbose --upload-file /root/six.html 'ftp://[::1]/pi/six.html'");
      expect(code).toBe(0);
      expect(stderr).toMatch(/> EPSV.*< 229 /s);
      expect((await curl("'ftp://[::1]/pi/six.html'")).stdout).toBe("by IPv6\n");
      const sftp = await lftp("put /root/six.html -o /pi/six-by-sftp.html", "sftp://[::1]:2022");
      expect(sftp).toMatchObject({ code: 0 });
      expect((await stored("pi")).get("six-by-sftp.html")).toBe((await stored("pi")).get("six.html"));
    });

    it("puts what it has stored on the site", async () => {
      await sh("echo '<h1>on the site</h1>' >/root/live.html");
      expect((await curl("--upload-file /root/live.html ftp://127.0.0.1/pi/live.html")).code).toBe(0);
      await gateway.host.container.until(20, "the page is on the site", async () =>
        (await run("curl -sf http://127.0.0.1/pi/live.html")).stdout.includes("on the site"),
      );
      const status = await curl("ftp://127.0.0.1/pi/.publish-status.txt");
      expect(status.stdout).toMatch(/^(live|pending)/);
    });

    it("mirrors a site, a change of it, and deletions", async () => {
      const mirror =
        "mirror --reverse --delete --exclude-glob index.html --exclude-glob .publish-status.txt /root/site /py4inf";
      expect(await lftp(mirror)).toMatchObject({ code: 0 });
      await expectStored("py4inf", "/root/site");
      await sh("echo changed >/root/site/page-1.html; echo new >/root/site/new.html; rm /root/site/page-2.html");
      expect(await lftp(mirror)).toMatchObject({ code: 0 });
      await expectStored("py4inf", "/root/site");
    });

    it("renames files and folders", async () => {
      expect(await lftp("mv /py4inf/page-3.html /py4inf/page-three.html\nmv /py4inf/css /py4inf/styles")).toMatchObject(
        {
          code: 0,
        },
      );
      await sh("cd /root/site && mv page-3.html page-three.html && mv css styles");
      await expectStored("py4inf", "/root/site");
    });

    it("takes a large file in segments", async () => {
      expect((await curl("--upload-file /root/large.bin ftp://127.0.0.1/pi/large.bin")).code).toBe(0);
      const sum = await curl("ftp://127.0.0.1/pi/large.bin | md5sum");
      expect(sum.stdout.split(" ")[0]).toBe(await md5Of("/root/large.bin"));
      expect((await curl("-r 59999000- ftp://127.0.0.1/pi/large.bin")).code).toBe(0);
    });

    it("refuses to append and to resume an upload, and says what to do", async () => {
      const { code, stdout, stderr } = await ftplib(`
ftp.storbinary("STOR /pi/whole.txt", io.BytesIO(b"all of it"))
print(refused(lambda: ftp.storbinary("APPE /pi/whole.txt", io.BytesIO(b" and more"))))
print(refused(lambda: ftp.storbinary("STOR /pi/whole.txt", io.BytesIO(b"rest"), rest=4)))
out = io.BytesIO(); ftp.retrbinary("RETR /pi/whole.txt", out.write, rest=4); print(out.getvalue())`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const [append, resume, rest] = stdout.trim().split("\n");
      for (const answer of [append, resume]) expect(answer).toMatch(/^55\d .*upload the whole file again/);
      expect(rest).toBe("b'of it'");
    });

    it("keeps times, and knows a name in either form", async () => {
      const { code, stdout, stderr } = await ftplib(`
ftp.storbinary("STOR /pi/${NFD}", io.BytesIO(b"text"))
print(ftp.sendcmd("MFMT 20200102030405 /pi/${NFD}"))
print(ftp.sendcmd("MDTM /pi/${NFC}"), ftp.size("/pi/${NFC}"))
print([name for name, facts in ftp.mlsd("/pi") if facts.get("modify", "").startswith("20200102030405")])`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("213 20200102030405 4");
      const object = (await gateway.store.list("pi")).find(({ name }) => name === NFC);
      expect(object?.contentType).toMatch(/^text\/html/);
      expect((await stored("pi")).has(NFC)).toBe(true);
    });

    it("lists an empty folder, and removes it", async () => {
      const { code, stdout, stderr } = await ftplib(`
ftp.mkd("/pi/new folder"); print([name for name, facts in ftp.mlsd("/pi") if facts["type"] == "dir"])
print(refused(lambda: ftp.mkd("/pi/new folder")))
ftp.storbinary("STOR /pi/new folder/x.txt", io.BytesIO(b"x")); print(refused(lambda: ftp.rmd("/pi/new folder")))
ftp.delete("/pi/new folder/x.txt"); ftp.rmd("/pi/new folder")
print([name for name, facts in ftp.mlsd("/pi") if facts["type"] == "dir"])`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const [made, twice, full, gone] = stdout.trim().split("\n");
      expect(made).toBe("['new folder']");
      expect(twice).toMatch(/^55\d .*already/);
      expect(full).toMatch(/^55\d .*not empty/);
      expect(gone).toBe("[]");
    });

    it("says by SITE STATUS whether a course is live", async () => {
      const { stdout } = await ftplib(`print(ftp.sendcmd("SITE STATUS pi"))`);
      expect(stdout).toMatch(/^200.*(live|pending)/);
    });
  });

  describe("by SFTP", () => {
    it("mirrors a site by lftp", async () => {
      const mirror =
        "mirror --reverse --delete --exclude-glob index.html --exclude-glob .publish-status.txt /root/site /py4inf";
      await sh("echo 'changed again' >/root/site/page-4.html");
      expect(await lftp(mirror, "sftp://127.0.0.1:2022")).toMatchObject({ code: 0 });
      await expectStored("py4inf", "/root/site");
    });

    it("serves OpenSSH's client", async () => {
      const { code, stderr } = await clients.sftp(`put /root/large.bin /pi/by-sftp.bin
put -p /root/one.html /pi/by-sftp.html
rename /pi/by-sftp.html "/pi/by sftp.html"
get /pi/by-sftp.bin /root/back.bin
rm /pi/by-sftp.bin`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(await md5Of("/root/back.bin")).toBe(await md5Of("/root/large.bin"));
      const names = [...(await stored("pi")).keys()];
      expect(names).toContain("by sftp.html");
      expect(names).not.toContain("by-sftp.bin");
    });

    it("gives no shell", async () => {
      const { code, stderr } = await clients.ssh("id");
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/failed|refused/);
    });
  });

  describe("whatever an account does", () => {
    it("sees and changes its own courses only", async () => {
      expect((await curl("ftp://127.0.0.1/", READER)).stdout).toMatch(/ pi\r?\n$/);
      expect((await curl("ftp://127.0.0.1/py4inf/", READER)).code).not.toBe(0);
      expect((await curl("'ftp://127.0.0.1/pi/../py4inf/page-1.html' --path-as-is", READER)).code).not.toBe(0);
      const upload = await curl("--upload-file /root/one.html ftp://127.0.0.1/pi/by-reader.html", READER);
      expect(upload.code).not.toBe(0);
      const removal = await curl("ftp://127.0.0.1/ -Q 'DELE /pi/live.html'", READER);
      expect(removal.code).not.toBe(0);
      const names = [...(await stored("pi")).keys()];
      expect(names).toContain("live.html");
      expect(names).not.toContain("by-reader.html");
    });
  });
});

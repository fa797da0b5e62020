import { randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BACKEND } from "../../cli/lib/paths";
import type { SwiftClient } from "../../swift/client";
import { Portal } from "../e2e/support/portal";
import {
  config as devConfig,
  editStackFile,
  get,
  npm,
  type Outputs,
  ok,
  onServer,
  outputs,
  pulumi,
  ROOT,
  run,
  store,
  until,
} from "../e2e/support/project";
import {
  change,
  courses,
  npmThere,
  outputsThere,
  pulumiThere,
  REGION,
  removeStack,
  storeThere,
  usePassphrase,
  writeStackFile,
} from "../e2e/support/secondRegion";
import { compare } from "../e2e/support/site";

// The procedures of docs/runbook.md, by its commands, on the dev cloud.
const FILE = join(ROOT, "Pulumi.dev.yaml");
const scratch = mkdtempSync(join(tmpdir(), "xwmooc-runbook-"));
let site: Outputs;
let swift: SwiftClient;

interface Release {
  id: string;
  shown: boolean;
}

/** What the tests edit of the stack's configuration. */
interface Config {
  "xwmooc:courses": Record<string, unknown>[];
  "xwmooc:compute": Record<string, string>;
  "xwmooc:webServer": { sshFrom: string[] };
  "xwmooc:uploadGateway"?: unknown;
  "xwmooc:mirror"?: unknown;
}

/** Edits the stack's file. */
const edit = (change: (config: Config) => void) => editStackFile("dev", change);

/** The URN of a container that a stack declares. */
const containerUrn = (stack: string, name: string) =>
  `urn:pulumi:${stack}::xwmooc::xwmooc:datacenter:Datacenter$xwmooc:objectstore:ObjectStore$openstack:objectstorage/container:Container::${stack}-content-${name}`;

const serves = (course: string, page: string, text: string, limit = 60) =>
  until(`${course}/${page} is served`, limit, async () => {
    return (await get(new URL(`${course}/${page}`, site.siteUrl).href)).body.toString() === text;
  });

/** An author's upload of a text by FTP over TLS. @returns curl's exit code */
async function uploads(address: string, account: string, path: string, text: string): Promise<number> {
  const file = join(folderWith({ "page.html": text }), "page.html");
  const options = ["--silent", "--show-error", "--ssl-reqd", "--insecure", "--config", "-", "--upload-file"];
  const { code } = await run("curl", [...options, file, `ftp://${address}/${path}`], `user = "${account}"\n`);
  return code;
}

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(scratch, "folder-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

beforeAll(async () => {
  copyFileSync(FILE, join(scratch, "dev.yaml"));
  await npm("up");
  site = await outputs();
  swift = store();
});
afterAll(async () => {
  swift.close();
  copyFileSync(join(scratch, "dev.yaml"), FILE);
  rmSync(scratch, { recursive: true });
});

describe("a course", () => {
  it("is new: one entry, one up, one upload", async () => {
    edit((config) => config["xwmooc:courses"].push({ name: "e2e-new", title: "New" }));
    await pulumi("preview");
    await pulumi("up", "--yes");
    await npm("upload", "e2e-new", folderWith({ "index.html": "<p>one</p>", "kept.html": "<p>kept</p>" }));
    await serves("e2e-new", "index.html", "<p>one</p>");
    expect(await npm("status")).toContain("Everything works.");
  });

  it("gets back from the archive what was overwritten or deleted", async () => {
    await npm("upload", "e2e-new", folderWith({ "index.html": "<p>two</p>" }));
    await serves("e2e-new", "index.html", "<p>two</p>");
    await swift.delete("e2e-new", "kept.html");
    await until(
      "it is gone",
      60,
      async () => (await get(new URL("e2e-new/kept.html", site.siteUrl).href)).status === 404,
    );
    expect(await npm("restore", "e2e-new")).toContain("kept.html");
    await npm("restore", "e2e-new", "kept.html");
    await serves("e2e-new", "kept.html", "<p>kept</p>");
    await npm("restore", "e2e-new", "index.html");
    await serves("e2e-new", "index.html", "<p>one</p>");
  });

  it("shows an older release, whose files come back into the store", async () => {
    await npm("upload", "e2e-new", folderWith({ "index.html": "<p>bad</p>" }));
    await serves("e2e-new", "index.html", "<p>bad</p>");
    await onServer("sudo site-publisher rollback e2e-new");
    await serves("e2e-new", "index.html", "<p>one</p>");
    const releases = JSON.parse(await onServer("sudo site-publisher releases e2e-new --json")) as Release[];
    const release = releases.find(({ shown }) => shown)?.id;
    await onServer(`sudo site-publisher pin e2e-new ${release}`);
    const folder = join(scratch, "from-release");
    mkdirSync(folder);
    await ok("bash", [
      "-c",
      `set -o pipefail; npm run --silent ssh -- --stack dev sudo tar -C /var/www/releases/e2e-new/${release}/0 --exclude .compressed -ch . | tar -C ${folder} -x`,
    ]);
    expect(readFileSync(join(folder, "index.html"), "utf8")).toBe("<p>one</p>");
    await npm("upload", "e2e-new", folder);
    await onServer("sudo site-publisher unpin e2e-new");
    await until("the store has it back", 30, async () => {
      const { chunks } = await swift.get("e2e-new", "index.html");
      let text = "";
      for await (const chunk of chunks) text += chunk;
      return text === "<p>one</p>";
    });
    await serves("e2e-new", "index.html", "<p>one</p>");
  });

  it("goes from the site, and its content stays", async () => {
    edit((config) => {
      config["xwmooc:courses"] = config["xwmooc:courses"].filter(({ name }) => name !== "e2e-new");
    });
    for (const name of ["e2e-new", "e2e-new-archive"])
      await pulumi("state", "unprotect", containerUrn("dev", name), "--yes");
    await pulumi("preview");
    await pulumi("up", "--yes");
    await until("it is gone", 60, async () => (await get(new URL("e2e-new/", site.siteUrl).href)).status === 404);
    expect((await swift.list("e2e-new")).map(({ name }) => name)).toEqual(["index.html", "kept.html"]);
  });

  it("takes over a container that was made by hand, and a folder in it", async () => {
    await swift.createContainer("made-by-hand");
    await swift.put("made-by-hand", "html/index.html", "<p>by hand</p>", { contentType: "text/html" });
    edit((config) => {
      config["xwmooc:courses"].push({ name: "by-hand", title: "By hand", container: "made-by-hand", source: "html" });
    });
    await pulumi("up", "--yes");
    await serves("by-hand", "index.html", "<p>by hand</p>");
    await pulumi("preview", "--expect-no-changes");
  });

  it("moves to another container, and what the old one holds stays", async () => {
    await swift.createContainer("also-by-hand");
    const object = "html/index.html";
    await swift.copy({ container: "made-by-hand", object }, { container: "also-by-hand", object });
    edit((config) => {
      const course = config["xwmooc:courses"].find(({ name }) => name === "by-hand");
      if (course) course.container = "also-by-hand";
    });
    await expect(pulumi("up", "--yes")).rejects.toThrow("marked for protection");
    for (const name of ["by-hand", "by-hand-archive"])
      await pulumi("state", "unprotect", containerUrn("dev", name), "--yes");
    await pulumi("up", "--yes");
    await swift.put("also-by-hand", object, "<p>moved</p>", { contentType: "text/html" });
    await serves("by-hand", "index.html", "<p>moved</p>");
    expect((await swift.list("made-by-hand")).map(({ name }) => name)).toEqual([object]);
    await pulumi("preview", "--expect-no-changes");
  });
});

it("the administrators' network moves: the new one beside the old one, then alone", async () => {
  const addresses = (list: string[]) => {
    edit((config) => {
      config["xwmooc:webServer"].sshFrom = list;
    });
    return pulumi("up", "--yes");
  };
  await addresses(["10.77.8.1/32", "10.77.8.0/24"]);
  await addresses(["10.77.8.0/24"]);
  await npm("ssh", "--stack", "dev", "true");
  await pulumi("preview", "--expect-no-changes");
});

it("an author's new password is one command and one up", async () => {
  const shown = await npm("new-password", "author");
  const password = /another password \(shown this once\): (\S+)/.exec(shown)?.[1] ?? "";
  expect(password.length).toBeGreaterThan(8);
  await pulumi("up", "--yes");
  const upload = (key: string) => uploads(site.address, `author:${key}`, "pi/e2e-author.txt", "mine");
  expect(await upload("xwmooc-dev")).not.toBe(0);
  expect(await upload(password)).toBe(0);
  await swift.delete("pi", "e2e-author.txt");
});

it("the upload gateway's host key is another one by one up", async () => {
  const before = (await outputs()).uploadHostKey;
  await pulumi("up", "--yes", "--replace", "**dev-web-upload-gateway-host-key-generate");
  const after = (await outputs()).uploadHostKey;
  expect(after).not.toBe(before);
  expect(await ok("ssh-keyscan", ["-p", "2022", "-t", "ed25519", site.address])).toContain(after);
});

it("the cloud's key is changed on the machine that runs Pulumi alone", async () => {
  const portal = await Portal.signIn();
  const set = async ({ id, secret }: { id: string; secret: string }) => {
    await pulumi("config", "set", "--path", "xwmooc:compute.applicationCredentialId", id);
    const args = [
      "config",
      "set",
      "--secret",
      "--path",
      "xwmooc:compute.applicationCredentialSecret",
      "--stack",
      "dev",
    ];
    await ok("npm", ["run", "--silent", "pulumi", "--", ...args], secret);
  };
  // Names of their own: those of a run that was cut off are still there.
  const create = () => portal.createCredential(`runbook-${randomUUID()}`);
  const [first, second] = [await create(), await create()];
  const before = join(scratch, "before.yaml");
  copyFileSync(FILE, before);
  try {
    edit((config) => {
      const { authUrl = "", region = "" } = config["xwmooc:compute"];
      config["xwmooc:compute"] = { authType: "v3applicationcredential", authUrl, region };
    });
    await set(first);
    expect(await pulumi("up", "--yes")).not.toMatch(/\b(created|replaced|deleted)\b/);
    await set(second);
    await portal.deleteCredential(first.id);
    await pulumi("preview");
    expect(await pulumi("up", "--yes")).not.toMatch(/\b(created|replaced|deleted)\b/);
  } finally {
    copyFileSync(before, FILE);
    await pulumi("up", "--yes");
    await portal.deleteCredential(second.id);
  }
});

it("the stack is as it was before", async () => {
  copyFileSync(join(scratch, "dev.yaml"), FILE);
  for (const name of ["by-hand", "by-hand-archive"])
    await pulumi("state", "unprotect", containerUrn("dev", name), "--yes");
  await pulumi("up", "--yes");
  await pulumi("preview", "--expect-no-changes");
});

it("a state that was lost comes back from the backend's copy", async () => {
  const state = join(BACKEND, ".pulumi/stacks/xwmooc/dev.json");
  const copies = join(BACKEND, ".pulumi/backups/xwmooc/dev");
  rmSync(state);
  await expect(pulumi("preview")).rejects.toThrow("no stack named");
  const newest =
    readdirSync(copies)
      .filter((file) => file.endsWith(".json"))
      .sort()
      .at(-1) ?? "";
  copyFileSync(join(copies, newest), state);
  await pulumi("refresh", "--yes");
  await pulumi("preview", "--expect-no-changes");
});

it("the passphrase is another one by one command, wherever Pulumi runs", async () => {
  await writeStackFile();
  const changeTo = async (to: string) => {
    await npmThere("pulumi", ["stack", "change-secrets-provider", "passphrase", "--stack", REGION], `${to}\n${to}\n`);
    await expect(pulumiThere("preview")).rejects.toThrow("incorrect passphrase");
    usePassphrase(to);
    await pulumiThere("preview");
  };
  await changeTo("another one");
  await changeTo("second region");
  await removeStack();
});

describe("a region", () => {
  const content = async () => {
    const copy = storeThere();
    try {
      return await Promise.all(courses.map(async ({ container }) => (await copy.list(container)).length));
    } finally {
      copy.close();
    }
  };
  const isComplete = (there: Outputs) =>
    until("the content is there", 600, async () => {
      const compared = await Promise.all(courses.map((course) => compare(there.siteUrl, course, swift)));
      return compared.every(({ differences }) => differences.length === 0);
    });

  it("is torn down with all content, by two confirmations", async () => {
    await writeStackFile();
    await pulumiThere("up", "--yes", "--skip-preview");
    await isComplete(await outputsThere());
    await pulumiThere("config", "set", "deleteContent", "I-want-to-delete-all-courses");
    await pulumiThere("up", "--yes");
    await pulumiThere("destroy", "--yes");
    await expect(content()).rejects.toThrow();
    await pulumiThere("stack", "rm", "--yes");
  });

  it("that was lost is made anew from the other one, content and all", async () => {
    await writeStackFile();
    await pulumiThere("up", "--yes", "--skip-preview");
    await isComplete(await outputsThere());
    expect(await npmThere("status", ["--stack", REGION])).toContain("mirror: in step");
  });

  it("takes the authors' uploads while the other one is lost, and gives them back", async () => {
    const there = await outputsThere();
    const others = devConfig.courses.filter(({ name }) => !courses.some((course) => course.name === name));
    const sizes = () => Promise.all(others.map(async ({ container }) => (await swift.list(container)).length));
    const before = await sizes();
    let mirror: Record<string, unknown> = {};
    change((config) => {
      mirror = config["xwmooc:mirror"] ?? {};
      delete config["xwmooc:mirror"];
    });
    const account = ["author", "--course", "pi", "--from", "10.77.8.1/32", "--stack", REGION];
    const password = /shown this once\): (\S+)/.exec(await npmThere("new-author", account))?.[1];
    await pulumiThere("up", "--yes");
    expect(await uploads(there.address, `author:${password}`, "pi/e2e-moved.html", "<p>moved</p>")).toBe(0);
    await until("it is served there", 60, async () => {
      return (await get(`${there.courseUrls.pi}e2e-moved.html`)).body.toString() === "<p>moved</p>";
    });
    expect((await get(`${site.courseUrls.pi}e2e-moved.html`)).status).toBe(404);

    // The region that was lost is back, as a mirror of the other one.
    edit((config) => {
      delete config["xwmooc:uploadGateway"];
      const { authType, authUrl } = devConfig.objectStore;
      config["xwmooc:mirror"] = { from: { authType, authUrl, username: "SLDEV2-2:SLDEV2" }, seconds: 5 };
    });
    const key = ["config", "set", "--secret", "--path", "xwmooc:mirror.from.apiKey", "--stack", "dev"];
    await ok("npm", ["run", "--silent", "pulumi", "--", ...key], "SLDEV2-key");
    await pulumi("state", "unprotect", containerUrn("dev", "upload-segments"), "--yes");
    await pulumi("up", "--yes", "--refresh");
    await serves("pi", "e2e-moved.html", "<p>moved</p>", 120);
    const inStep = /mirror: in step/g;
    await until("both courses are in step", 120, async () => {
      return (await run("npm", ["run", "--silent", "status"])).output.match(inStep)?.length === courses.length;
    });
    expect(await sizes()).toEqual(before);

    // Back: first the mirror here, then the gateway there.
    copyFileSync(join(scratch, "dev.yaml"), FILE);
    await pulumi("up", "--yes");
    change((config) => {
      delete config["xwmooc:uploadGateway"];
      config["xwmooc:mirror"] = mirror;
    });
    await pulumiThere("state", "unprotect", containerUrn(REGION, "upload-segments"), "--yes");
    await pulumiThere("up", "--yes");
    expect(await uploads(site.address, "author:xwmooc-dev", "pi/e2e-moved.html", "<p>back</p>")).toBe(0);
    for (const { courseUrls } of [site, there]) {
      await until("it is served in both", 120, async () => {
        return (await get(`${courseUrls.pi}e2e-moved.html`)).body.toString() === "<p>back</p>";
      });
    }
    await swift.delete("pi", "e2e-moved.html");
    await removeStack();
  });
});

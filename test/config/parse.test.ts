import { describe, expect, it } from "vitest";
import { ConfigError, parseConfig } from "../../config/parse";
import { rawConfig, STACKS } from "../support/stack";

type Changes = Record<string, unknown>;

/** The message for stack tokyo2 after changes of its configuration. */
function messageFor(changes: Changes, overrides: Partial<Parameters<typeof parseConfig>[0]> = {}): string {
  try {
    parseConfig({ ...rawConfig("tokyo2", changes), ...overrides });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return "";
}

const course = { name: "pi", title: "Pi" };
const bySubdomain = { "webServer.domain": "courses.example.org", "webServer.coursesBy": "subdomain" };
const author = { name: "kim", courses: ["pi"], keys: ["ssh-ed25519 AAAA kim"] };
const source = {
  authType: "v1password",
  authUrl: "https://sng01.objectstorage.softlayer.net/auth/v1.0/",
  username: "SLXXXXXX-2:SLXXXXX",
  apiKey: "a-key",
};
const gateway = (changes: object) => ({ allowedFrom: ["0.0.0.0/0"], accounts: [author], ...changes });

describe("parseConfig", () => {
  it.each(STACKS)("takes the committed configuration of %s", (stack) => {
    const config = parseConfig(rawConfig(stack));
    expect(config.region).toBe(stack);
    expect(config.courses.map((one) => one.name)).toEqual([
      "csunplugged",
      "pi",
      "py4inf",
      "rur-ple",
      "scloud",
      "swcarpentry",
    ]);
  });

  it("completes a course from its name", () => {
    const { courses } = parseConfig(rawConfig("tokyo2"));
    expect(courses[1]).toMatchObject({ name: "pi", container: "pi", source: "", path: "pi", subdomain: "pi" });
    expect(courses[2]).toMatchObject({ source: "py4inf_html" });
  });

  it("lays the machine's facts over the stack's own values", () => {
    const config = parseConfig({ ...rawConfig("dev"), overlay: { contentMount: { driver: "rclone" } } });
    expect(config.contentMount.driver).toBe("rclone");
  });

  it("completes an upload gateway", () => {
    const { uploadGateway } = parseConfig(rawConfig("tokyo2", { uploadGateway: gateway({}) }));
    expect(uploadGateway).toMatchObject({
      ftp: { port: 21, implicitPort: 990, passivePorts: { first: 50_000, last: 50_099 }, allowPlain: false },
      sftp: { port: 2022 },
      segmentsContainer: "xwmooc-segments",
      accounts: [{ rights: ["read", "upload", "delete"] }],
    });
  });

  it("takes a container as long as its archive's name allows, and without archives any", () => {
    const courses = (container: string) => [{ ...course, container }];
    const [longest, longer] = ["a".repeat(248), "a".repeat(255)];
    expect(parseConfig(rawConfig("tokyo2", { archive: true, courses: courses(longest) })).archive).toBe(true);
    expect(parseConfig(rawConfig("tokyo2", { courses: courses(longer) })).archive).toBe(false);
  });

  it("completes a mirror", () => {
    const { mirror } = parseConfig(rawConfig("tokyo2", { mirror: { from: source } }));
    expect(mirror).toEqual({ from: source, seconds: 30, containers: {} });
  });

  it.each<[string, Changes, RegExp]>([
    ["a misspelt key", { couress: {} }, /xwmooc:couress is unknown: did you mean xwmooc:courses\?/],
    [
      "a misspelt key in a section",
      { "webServer.flavour": "x" },
      /xwmooc:webServer unknown key "flavour" \(did you mean "flavor"\?\); allowed keys: flavor, image/,
    ],
    ["a missing section", { webServer: undefined }, /xwmooc:webServer must be an object with the keys flavor/],
    ["a missing region", { region: undefined }, /xwmooc:region is missing: give the name of the region/],
    [
      "missing store credentials",
      { "objectStore.apiKey": undefined },
      /xwmooc:objectStore\.apiKey is missing.*config set --stack tokyo2 --secret --path 'xwmooc:objectStore\.apiKey'/,
    ],
    [
      "missing compute credentials",
      { "compute.applicationCredentialSecret": undefined },
      /xwmooc:compute\.applicationCredentialSecret is missing.*--secret --path 'xwmooc:compute/,
    ],
    [
      "an unknown authType",
      { "objectStore.authType": "v2password" },
      /xwmooc:objectStore\.authType .*v1password.*v3password.*v3applicationcredential/,
    ],
    ["an auth URL that is none", { "objectStore.authUrl": "tok02" }, /xwmooc:objectStore\.authUrl must be an http/],
    [
      "an auth URL of another kind",
      { "objectStore.authUrl": "https://x.example/v3" },
      /xwmooc:objectStore\.authUrl must end in \/auth\/v1\.0/,
    ],
    [
      "a user name without an account",
      { "objectStore.username": "SL1" },
      /xwmooc:objectStore\.username must have the form ACCOUNT:USER/,
    ],
    [
      "both an existing and a new network",
      { "network.create": { externalNetwork: "x" } },
      /xwmooc:network needs exactly one of "existing"/,
    ],
    ["no server at all", { "webServer.count": 0 }, /xwmooc:webServer\.count must be 1 to 5/],
    [
      "an unknown load balancer",
      { "webServer.loadBalancer": "haproxy" },
      /xwmooc:webServer\.loadBalancer must be "octavia" or "none"/,
    ],
    ["SSH from nowhere", { "webServer.sshFrom": [] }, /xwmooc:webServer\.sshFrom is empty/],
    ["a course twice", { courses: [course, course] }, /xwmooc:courses name "pi" is given to more than one course/],
    [
      "a path inside another course",
      { courses: [course, { ...course, name: "b", path: "pi/b" }] },
      /path "pi\/b" lies inside the path of another course/,
    ],
    [
      "a path that escapes the web root",
      { courses: [{ ...course, path: "../etc" }] },
      /xwmooc:courses\[0\]\.path must be a path on the site/,
    ],
    ["an absolute path", { courses: [{ ...course, path: "/etc" }] }, /xwmooc:courses\[0\]\.path must be/],
    [
      "a source that escapes the container",
      { courses: [{ ...course, source: "a/../../b" }] },
      /xwmooc:courses\[0\]\.source must be/,
    ],
    [
      "courses that have nothing to be below",
      { "webServer.coursesBy": "subdomain" },
      /xwmooc:webServer\.coursesBy subdomain needs webServer\.domain, which the courses' names end in/,
    ],
    [
      "another way to find courses",
      { "webServer.coursesBy": "domain" },
      /xwmooc:webServer\.coursesBy must be "path" or "subdomain"/,
    ],
    [
      "a path that can't be a name",
      { ...bySubdomain, courses: [course, { ...course, name: "b", container: "b", path: "책/b" }] },
      /1\]\.subdomain of course b would be its path, "책\/b", but must be lower-case letters, digits and, not at its ends,/,
    ],
    [
      "a name that can't be one",
      { ...bySubdomain, courses: [{ ...course, subdomain: "-pi" }] },
      /xwmooc:courses\[0\]\.subdomain must be lower-case letters, digits and, not at its ends, hyphens: at most 63/,
    ],
    [
      "a name given twice",
      { ...bySubdomain, courses: [course, { ...course, name: "b", container: "b", path: "b", subdomain: "pi" }] },
      /xwmooc:courses subdomain "pi" is given to more than one course/,
    ],
    [
      "a commit that is a branch",
      { contentMount: { commit: "master" } },
      /xwmooc:contentMount\.commit must be a full commit hash/,
    ],
    [
      "an unknown driver",
      { contentMount: { driver: "s3fs" } },
      /xwmooc:contentMount\.driver must be "cloudfuse" or "rclone"/,
    ],
    [
      "a zone that does not hold the domain",
      { "webServer.domain": "courses.example.org", dns: { zone: "example.com" } },
      /xwmooc:dns\.zone "example\.com" does not hold courses\.example\.org: give the zone that webServer\.domain lies in/,
    ],
    [
      "a zone without a domain",
      { dns: { zone: "example.com" } },
      /xwmooc:dns\.zone is of no use without webServer\.domain: give both or none/,
    ],
    [
      "a zone that nobody looks after",
      { "webServer.domain": "example.com", dns: { zone: "example.com", create: true } },
      /xwmooc:dns\.email is missing: a zone that the stack makes names who looks after it/,
    ],
    [
      "a zone with the dot of zone files",
      { "webServer.domain": "example.com", dns: { zone: "example.com." } },
      /xwmooc:dns\.zone must be a zone such as example\.org, in lower case, without a dot at its end/,
    ],
    [
      "a half-hearted deleteContent",
      { deleteContent: "yes" },
      /xwmooc:deleteContent must be left out, or say I-want-to-delete-all-courses/,
    ],
    [
      "an author who can't log in",
      { uploadGateway: gateway({ accounts: [{ ...author, keys: [] }] }) },
      /xwmooc:uploadGateway\.accounts\[0\] needs a passwordHash or keys/,
    ],
    [
      "a password in a hash's place",
      { uploadGateway: gateway({ accounts: [{ ...author, passwordHash: "letmein" }] }) },
      /accounts\[0\]\.passwordHash must be a hash made by `npm run new-author`.*config set --stack tokyo2 --secret/,
    ],
    [
      "an author of an unknown course",
      { uploadGateway: gateway({ accounts: [{ ...author, courses: ["pie"] }] }) },
      /xwmooc:uploadGateway\.accounts\[0\]\.courses has no course "pie": the courses are csunplugged, pi/,
    ],
    ["an author twice", { uploadGateway: gateway({ accounts: [author, author] }) }, /accounts "kim" is given twice/],
    [
      "a port that is taken",
      { uploadGateway: gateway({ sftp: { port: 22 } }) },
      /xwmooc:uploadGateway port 22 is used for something else as well/,
    ],
    [
      "passive ports in the wrong order",
      { uploadGateway: gateway({ ftp: { passivePorts: { first: 50_100, last: 50_000 } } }) },
      /uploadGateway\.ftp\.passivePorts must be a range of 1 to 1000 ports/,
    ],
    [
      "segments among a course's objects",
      { uploadGateway: gateway({ segmentsContainer: "pi" }) },
      /uploadGateway\.segmentsContainer is the container of something else/,
    ],
    [
      "an upload gateway for nobody",
      { uploadGateway: gateway({ allowedFrom: [] }) },
      /uploadGateway\.allowedFrom is empty: give the networks that authors come from/,
    ],
    [
      "a course in another one's archive",
      { archive: true, courses: [course, { ...course, name: "b", container: "pi-archive", path: "b" }] },
      /xwmooc:courses\[1\]\.container "pi-archive" is the archive of course pi: give another container/,
    ],
    [
      "a course that is named as another one's archive",
      { archive: true, courses: [course, { ...course, name: "pi-archive", container: "b", path: "b" }] },
      /xwmooc:courses\[1\]\.name "pi-archive" is the archive of course pi: give another name/,
    ],
    [
      "segments in an archive",
      { archive: true, uploadGateway: gateway({ segmentsContainer: "pi-archive" }) },
      /xwmooc:uploadGateway\.segmentsContainer "pi-archive" is the archive of course pi: give another one/,
    ],
    [
      "a canary among a course's objects",
      { "publisher.canary": { container: "pi" } },
      /xwmooc:publisher\.canary\.container "pi" is the container of course pi: give another one/,
    ],
    [
      "a canary in a course's archive, also one of before",
      { archive: false, "publisher.canary": { container: "pi-archive" } },
      /publisher\.canary\.container "pi-archive" is the container of the archive of course pi: give another one/,
    ],
    [
      "a canary among segments",
      { uploadGateway: gateway({ segmentsContainer: "parts" }), "publisher.canary": { container: "parts" } },
      /publisher\.canary\.container "parts" is the container of the upload gateway's segments: give another one/,
    ],
    [
      "a canary among the segments of a gateway of before",
      { "publisher.canary": { container: "xwmooc-segments" } },
      /canary\.container "xwmooc-segments" is the container of the upload gateway's segments: give another one/,
    ],
    [
      "an archive without room for its name",
      { archive: true, courses: [{ ...course, container: `${"가".repeat(82)}abc` }] },
      /xwmooc:courses\[0\]\.container must be at most 248 bytes: its archive's name ends in -archive/,
    ],
    ["a half-hearted archive", { archive: "yes" }, /xwmooc:archive must be true or false/],
    [
      "a mirror of itself",
      { mirror: { from: { ...source, authUrl: "https://tok02.objectstorage.softlayer.net/auth/v1.0" } } },
      /xwmooc:mirror\.from is the account of objectStore: give the one of the region where authors upload/,
    ],
    [
      "a mirror that authors upload to",
      { mirror: { from: source }, uploadGateway: gateway({}) },
      /xwmooc:uploadGateway and mirror exclude each other: what authors upload here would be taken away again/,
    ],
    [
      "a mirror without a key",
      { mirror: { from: { ...source, apiKey: undefined } } },
      /mirror\.from\.apiKey is missing.*config set --stack tokyo2 --secret --path 'xwmooc:mirror\.from\.apiKey'/,
    ],
    ["a mirror of nothing", { mirror: {} }, /xwmooc:mirror\.from needs "authType"|xwmooc:mirror\.from\.authType needs/],
    [
      "a mirror of an unknown course",
      { mirror: { from: source, containers: { pie: "raspberry" } } },
      /xwmooc:mirror\.containers has no course "pie": the courses are csunplugged, pi/,
    ],
    [
      "a mirror whose URL is none",
      { mirror: { from: { ...source, authUrl: "tok02.example/auth/v1.0" } } },
      /has a problem:\n {2}- xwmooc:mirror\.from\.authUrl must be an http:\/\/ or https:\/\/ URL/,
    ],
    [
      "a course that is wrong, and nothing that only follows from it",
      { ...bySubdomain, courses: [course, { name: "pj", title: 2026 }] },
      /has a problem:\n {2}- xwmooc:courses\[1\]\.title must be a text: put it in quotes: give the title/,
    ],
    [
      "one network instead of a list",
      { "webServer.sshFrom": "10.0.0.0/8" },
      /sshFrom must be a list: give the networks/,
    ],
    [
      "a network that is none",
      { "webServer.sshFrom": ["999.1.1.1/99"] },
      /sshFrom\[0\] must be an IPv4 network such as/,
    ],
    ["a folder that is a number", { courses: [{ ...course, source: 7 }] }, /\.source must be a text: put it in quotes/],
    [
      "FTP's data on a port of another service",
      { uploadGateway: gateway({ ftp: { passivePorts: { first: 9140, last: 9150 } } }) },
      /uploadGateway\.ftp\.passivePorts hold port 9150, which is used for something else/,
    ],
    ["a hasty mirror", { mirror: { from: source, seconds: 0 } }, /xwmooc:mirror\.seconds must be 1 to 3600/],
  ])("explains %s", (_, changes, message) => {
    expect(messageFor(changes)).toMatch(message);
  });

  it("refuses cloudfuse with Keystone v3, which it can't speak", () => {
    const keystone = {
      authType: "v3password",
      authUrl: "https://x.example/v3",
      region: "r",
      project: "p",
      username: "u",
      password: "secret",
    };
    expect(messageFor({ objectStore: keystone })).toMatch(
      /xwmooc:contentMount\.driver cloudfuse can't speak Keystone v3: set contentMount\.driver to "rclone"/,
    );
  });

  it("refuses a secret in plain text without repeating it", () => {
    const message = messageFor(
      { "objectStore.apiKey": "7c7-very-secret" },
      {
        isSecret: () => false,
      },
    );
    expect(message).toMatch(
      /xwmooc:objectStore\.apiKey stands there in plain text; replace it by npm run pulumi -- config set/,
    );
    expect(message).not.toContain("7c7-very-secret");
  });

  it("refuses a mirror's secret in plain text without repeating it", () => {
    const message = messageFor({ mirror: { from: source } }, { isSecret: (key) => key !== "xwmooc:mirror" });
    expect(message).toMatch(/xwmooc:mirror\.from\.apiKey stands there in plain text/);
    expect(message).not.toContain("a-key");
  });

  it("refuses a password's hash in plain text without repeating it", () => {
    const passwordHash = "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5";
    const message = messageFor(
      { uploadGateway: gateway({ accounts: [{ ...author, passwordHash }] }) },
      { isSecret: (key) => key !== "xwmooc:uploadGateway" },
    );
    expect(message).toMatch(/--secret --path 'xwmooc:uploadGateway\.accounts\[0\]\.passwordHash'/);
    expect(message).not.toContain(passwordHash);
  });

  it("refuses a secret in plain text beside one that is encrypted, as the stack's file has them", () => {
    const passwordHash = "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5";
    const accounts = [
      { ...author, passwordHash },
      { ...author, name: "lee", passwordHash },
    ];
    const inFile = [{ ...accounts[0], passwordHash: { secure: "v1:abc" } }, accounts[1]];
    const file = { "xwmooc:uploadGateway": gateway({ accounts: inFile }) };
    const message = messageFor({ uploadGateway: gateway({ accounts }) }, { file });
    expect(message).toMatch(/has a problem:\n.*accounts\[1\]\.passwordHash stands there in plain text/);
    expect(message).not.toContain(passwordHash);
  });

  it("takes a title of digits alone", () => {
    expect(parseConfig(rawConfig("tokyo2", { siteTitle: "2026" })).siteTitle).toBe("2026");
  });

  it("reports every problem at once", () => {
    const message = messageFor({ region: undefined, "webServer.image": "", courses: [] });
    expect(message).toMatch(/has 3 problems/);
    expect(message.split("\n  - ")).toHaveLength(4);
  });
});

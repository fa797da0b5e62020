/** Answers by key of the configuration, without namespace: `objectStore.authUrl`. */
export type Answers = Record<string, string>;

/** One thing that a new region's stack file needs to know. */
export interface Question {
  /** Option of the command line, without its dashes. */
  option: string;
  /** Key of the configuration that the answer becomes, without namespace. */
  key: string;
  /** What is asked for. */
  text: string;
  /** Where the provider's portal shows it. Menus are those of OpenStack's own portal (Horizon) unless it says otherwise. */
  where: string;
  /** What an empty answer means. Default: there is none. */
  suggestion?: string | ((answers: Answers) => string | undefined);
  /** Whether the key may be left out. Default: false. */
  optional?: boolean;
  /** Whether the answer is a list, with commas. Default: false. */
  list?: boolean;
  /** Whether the answers before make it a question at all. Default: always. */
  when?: (answers: Answers) => boolean;
}

/** The keys that hold the secret of each way to sign in. */
const SECRET_KEYS: Record<string, string> = {
  v1password: "apiKey",
  v3password: "password",
  v3applicationcredential: "applicationCredentialSecret",
};

/** The paths of the secrets that a region with these answers needs. */
export function secretPaths(answers: Answers): string[] {
  return ["objectStore", "compute"].flatMap((section) => {
    const key = SECRET_KEYS[answers[`${section}.authType`] ?? ""];
    return key === undefined ? [] : [`${section}.${key}`];
  });
}

const RC_FILE = "Project > API Access > Download OpenStack RC File";

/** Signing in to Keystone v3, for one of the two sections. */
function keystone(section: "objectStore" | "compute", prefix: string, whose: string): Question[] {
  const signsIn = (types: string[]) => (answers: Answers) => types.includes(answers[`${section}.authType`] ?? "");
  const v3 = signsIn(["v3password", "v3applicationcredential"]);
  const byPassword = signsIn(["v3password"]);
  return [
    {
      option: `${prefix}auth-url`,
      key: `${section}.authUrl`,
      text: `Keystone v3 URL of ${whose}`,
      where: `Project > API Access > View Credentials: Authentication URL, ends in /v3`,
      when: v3,
    },
    {
      option: `${prefix}catalog-region`,
      key: `${section}.region`,
      text: `Name of the region in the service catalogue of ${whose}`,
      where: `${RC_FILE}: OS_REGION_NAME`,
      when: v3,
    },
    {
      option: `${prefix}application-credential-id`,
      key: `${section}.applicationCredentialId`,
      text: `ID of the application credential of ${whose}`,
      where: "Identity > Application Credentials > Create Application Credential: ID (its secret is shown this once)",
      when: signsIn(["v3applicationcredential"]),
    },
    {
      option: `${prefix}project`,
      key: `${section}.project`,
      text: `Project of ${whose}`,
      where: `${RC_FILE}: OS_PROJECT_NAME`,
      when: byPassword,
    },
    {
      option: `${prefix}project-domain`,
      key: `${section}.projectDomain`,
      text: "Domain of that project",
      where: `${RC_FILE}: OS_PROJECT_DOMAIN_NAME`,
      suggestion: "Default",
      when: byPassword,
    },
    {
      option: `${prefix}username`,
      key: `${section}.username`,
      text: `User in Keystone of ${whose}`,
      where: `${RC_FILE}: OS_USERNAME`,
      when: byPassword,
    },
    {
      option: `${prefix}user-domain`,
      key: `${section}.userDomain`,
      text: "Domain of that user",
      where: `${RC_FILE}: OS_USER_DOMAIN_NAME`,
      suggestion: "Default",
      when: byPassword,
    },
  ];
}

const isV1 = (answers: Answers) => answers["objectStore.authType"] === "v1password";
const hasOwnNetwork = (answers: Answers) => answers["network.existing"] === undefined;

/** Everything that is asked, in this order. Two questions of one option are never asked together. */
export const QUESTIONS: readonly Question[] = [
  {
    option: "auth-type",
    key: "objectStore.authType",
    text: "How the object store is signed in to: v1password, v3password or v3applicationcredential",
    where: "v1password where the portal shows a user name and an API key (SoftLayer: View Credentials), else v3",
    suggestion: "v1password",
  },
  {
    option: "auth-url",
    key: "objectStore.authUrl",
    text: "Authentication URL of the object store",
    where: "SoftLayer: Storage > Object Storage > account > View Credentials: Authentication Endpoint, Public",
    when: isV1,
  },
  {
    option: "username",
    key: "objectStore.username",
    text: "User name of the object store, ACCOUNT:USER",
    where: "SoftLayer: Storage > Object Storage > account > View Credentials: Username",
    when: isV1,
  },
  ...keystone("objectStore", "", "the object store"),
  {
    option: "compute-auth-type",
    key: "compute.authType",
    text: "How the cloud of the web server is signed in to: v3applicationcredential or v3password",
    where: "v3applicationcredential where Identity > Application Credentials is in the portal",
    suggestion: "v3applicationcredential",
  },
  ...keystone("compute", "compute-", "the web server"),
  {
    option: "network",
    key: "network.existing",
    text: "Network to attach the web server to; empty: a network of its own is made",
    where: "Project > Network > Networks: Name",
    optional: true,
  },
  {
    option: "external-network",
    key: "network.create.externalNetwork",
    text: "External network that the new network's router leads to",
    where: "Admin's word, or Project > Network > Network Topology: the one with the globe",
    suggestion: "public",
    when: hasOwnNetwork,
  },
  {
    option: "floating-ip-pool",
    key: "network.floatingIpPool",
    text: "External network to take a floating IP from; empty where the network itself is public",
    where: "Project > Network > Floating IPs > Allocate IP To Project: Pool",
    suggestion: (answers) => answers["network.create.externalNetwork"],
    optional: true,
  },
  {
    option: "flavor",
    key: "webServer.flavor",
    text: "Flavor of the web server",
    where: "Project > Compute > Instances > Launch Instance > Flavor: Name",
    suggestion: "m1.small",
  },
  {
    option: "image",
    key: "webServer.image",
    text: "Image of the web server: Debian 12 or Ubuntu 24.04",
    where: "Project > Compute > Images: Name",
    suggestion: "debian-12",
  },
  {
    option: "ssh-user",
    key: "webServer.sshUser",
    text: "Login user of that image",
    where: "the image's description; debian or ubuntu in those of the distributions",
    suggestion: (answers) => (/ubuntu/i.test(answers["webServer.image"] ?? "") ? "ubuntu" : "debian"),
  },
  {
    option: "ssh-from",
    key: "webServer.sshFrom",
    text: "Networks that may reach port 22, this machine's among them, with commas between",
    where: "not in the portal: the public address of your office, such as 203.0.113.0/24",
    list: true,
  },
  {
    option: "domain",
    key: "webServer.domain",
    text: "DNS name of the site, served by HTTPS; empty: any name, by HTTP",
    where: "not in the portal: where you register domains",
    optional: true,
  },
  {
    option: "site-title",
    key: "siteTitle",
    text: "Title of the start page",
    where: "yours to choose",
    suggestion: "xwMOOC",
  },
];

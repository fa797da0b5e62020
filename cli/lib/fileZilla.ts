/** One way for FileZilla to log in. */
export interface FileZillaSite {
  /** Shown in FileZilla's site manager. */
  name: string;
  protocol: "ftpes" | "sftp";
  host: string;
  port: number;
  user: string;
  /** Folder to begin in: a course. Default: the list of courses. */
  course?: string;
}

/** FileZilla's numbers, as its own site manager writes them. */
const PROTOCOL = { sftp: 1, ftpes: 4 };
const ASK_FOR_PASSWORD = 2;

/** A file for File > Import of FileZilla. It asks for the password: the file has none. */
export function fileZillaXml(sites: FileZillaSite[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<FileZilla3 version="3.63.0" platform="*nix">',
    "  <Servers>",
    ...sites.flatMap(siteXml),
    "  </Servers>",
    "</FileZilla3>",
    "",
  ].join("\n");
}

function siteXml({ name, protocol, host, port, user, course }: FileZillaSite): string[] {
  const element = (tag: string, value: string | number) => `      <${tag}>${escapeXml(String(value))}</${tag}>`;
  return [
    "    <Server>",
    element("Host", host),
    element("Port", port),
    element("Protocol", PROTOCOL[protocol]),
    element("Type", 0),
    element("User", user),
    element("Logontype", ASK_FOR_PASSWORD),
    element("PasvMode", "MODE_PASSIVE"),
    element("EncodingType", "UTF-8"),
    element("BypassProxy", 0),
    element("Name", name),
    // Kind of server, then each folder with the length of its name before it.
    ...(course === undefined ? [] : [element("RemoteDir", `1 0 ${course.length} ${course}`)]),
    element("SyncBrowsing", 0),
    element("DirectoryComparison", 0),
    "    </Server>",
  ];
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

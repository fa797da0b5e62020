/** Something that takes uploads. */
export interface Server {
  name: string;
  title: string;
  /** What lftp connects to, inside the container. */
  url: string;
  /** What it is compared by. */
  protocol: "FTP over TLS" | "SFTP";
  /** The product's own. */
  own: boolean;
  /** What runs it; the gateway runs as the product installs it. */
  command?: string;
}

// Its flags for speed; without them listing a folder asks the store for each object. Nothing is answered before it is stored only
// without a cache.
const RCLONE =
  "/usr/local/bin/bench-rclone --config /run/bench/rclone.conf --use-server-modtime --swift-no-large-objects --vfs-cache-mode off serve";

export const SERVERS: readonly Server[] = [
  { name: "gateway-ftp", title: "this gateway, FTP", url: "ftps://127.0.0.1:990", protocol: "FTP over TLS", own: true },
  {
    name: "rclone-ftp",
    title: "rclone serve ftp",
    url: "ftps://127.0.0.1:3990",
    protocol: "FTP over TLS",
    own: false,
    command: `${RCLONE} ftp content: --addr 127.0.0.1:3990 --passive-port 51000-51099 --cert /run/bench/tls.crt --key /run/bench/tls.key`,
  },
  { name: "gateway-sftp", title: "this gateway, SFTP", url: "sftp://127.0.0.1:2022", protocol: "SFTP", own: true },
  {
    name: "rclone-sftp",
    title: "rclone serve sftp",
    url: "sftp://127.0.0.1:3022",
    protocol: "SFTP",
    own: false,
    command: `${RCLONE} sftp content: --addr 127.0.0.1:3022`,
  },
];

/** Something that serves the same files. */
export interface Server {
  name: string;
  title: string;
  /** Where the files are, inside the container. */
  http: string;
  https: string;
  /** The product's own. */
  own: boolean;
}

/** The name that the certificate is of. */
export const DOMAIN = "courses.example.org";

export const SERVERS: readonly Server[] = [
  { name: "own", title: "this server", http: "http://127.0.0.1/pi", https: `https://${DOMAIN}/pi`, own: true },
  {
    name: "bare",
    title: "bare nginx, plain folder",
    http: "http://127.0.0.1:8081",
    https: `https://${DOMAIN}:8441`,
    own: false,
  },
  {
    name: "mount",
    title: "bare nginx on the mount",
    http: "http://127.0.0.1:8082",
    https: `https://${DOMAIN}:8442`,
    own: false,
  },
  { name: "caddy", title: "caddy", http: "http://127.0.0.1:8083", https: `https://${DOMAIN}:8443`, own: false },
];

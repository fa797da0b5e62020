import { stringify } from "yaml";

/** What the first boot of a server needs to know. */
export interface CloudInitArgs {
  /** OpenSSH private key that the server is to have, so that its public half can be pinned before the first connection. */
  hostPrivateKey: string;
  /** Public half, one line. */
  hostPublicKey: string;
  /** Public key, one line, that the image's own user lets in. */
  loginPublicKey: string;
}

/**
 * The user data of a server: its given host key as the only one, who may log in, and no passwords over SSH. With a key pair of Nova's
 * in place of the login key, another one would take all servers away at a time (docs/decisions/0010-several-web-servers.md).
 */
export function cloudInit({ hostPrivateKey, hostPublicKey, loginPublicKey }: CloudInitArgs): string {
  return `#cloud-config\n${stringify({
    ssh_pwauth: false,
    disable_root: true,
    ssh_authorized_keys: [loginPublicKey],
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostPrivateKey, ed25519_public: hostPublicKey },
  })}`;
}

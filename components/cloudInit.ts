import { stringify } from "yaml";

/** What the first boot of a server needs to know. */
export interface CloudInitArgs {
  /** OpenSSH private key that the server is to have, so that its public half can be pinned before the first connection. */
  hostPrivateKey: string;
  /** Public half, one line. */
  hostPublicKey: string;
}

/** The user data of a server: its given host key as the only one, and no passwords over SSH. */
export function cloudInit({ hostPrivateKey, hostPublicKey }: CloudInitArgs): string {
  return `#cloud-config\n${stringify({
    ssh_pwauth: false,
    disable_root: true,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostPrivateKey, ed25519_public: hostPublicKey },
  })}`;
}

import { randomBytes, randomInt, scryptSync } from "node:crypto";

/** Letters and digits that can't be mistaken for one another. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const GROUP = 5;

/** 128 * r * 2^ln bytes, 32 MiB, for each login: what a small server can give. */
const SCRYPT = { ln: 15, r: 8, p: 1 };
/** Bytes of salt for {@link hashPassword}. */
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** A new password of about 100 bits, in groups for those who copy it by hand. */
export function newPassword(): string {
  const group = () => Array.from({ length: GROUP }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return Array.from({ length: GROUPS }, group).join("-");
}

/** The hash of a password, with a salt of its own. */
export const newHash = (password: string) => hashPassword(password, randomBytes(SALT_BYTES));

/** The hash of a password as Passlib writes it: `$scrypt$ln=15,r=8,p=1$SALT$KEY`. */
export function hashPassword(password: string, salt: Buffer): string {
  const { ln, r, p } = SCRYPT;
  const key = scryptSync(password, salt, KEY_BYTES, { N: 2 ** ln, r, p, maxmem: 2 ** 26 });
  const text = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
  return `$scrypt$ln=${ln},r=${r},p=${p}$${text(salt)}$${text(key)}`;
}

/** Where the configuration has an account. @param number of the account in it, from 0 */
export const accountPath = (number: number) => `xwmooc:uploadGateway.accounts[${number}]`;

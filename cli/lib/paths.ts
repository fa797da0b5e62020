import { join, resolve } from "node:path";

/** The project's folder. */
export const ROOT = resolve(__dirname, "../..");

/** Reproducible builds and downloads; safe to delete at any time. */
export const CACHE = join(ROOT, ".cache");

/** Live state of the stack `dev`: dev cloud, Pulumi's backend, facts of this machine. */
export const STATE = join(ROOT, ".state");

/** Pulumi's file backend of the stack `dev`. */
export const BACKEND = join(STATE, "pulumi");

/** The one command of the dev cloud. */
export const DEVCLOUD = join(ROOT, "devcloud", "devcloud");

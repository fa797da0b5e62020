import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { eachOf } from "../../provisioning/publisher/src/pace";
import type { SwiftClient } from "../../swift/client";
import { SwiftError } from "../../swift/errors";
import type { ListedObject } from "../../swift/listing";
import { contentType, isPage } from "./contentTypes";
import { UserError } from "./errors";
import { pause } from "./interruption";
import { findFiles, type LocalFile, type LocalFiles } from "./localFiles";
import { ProgressBar } from "./progress";
import type { Course } from "./stackConfig";

/** Transfers at the same time: enough to hide the latency of small objects. */
const CONCURRENCY = 8;

/** Above this size a file is streamed instead of held in memory. */
const STREAM_FROM_BYTES = 8 * 1024 ** 2;

/** Tries of one transfer before it counts as failed. */
const TRIES = 3;

/** After so many failed files the others are not tried any more: the object store has gone away. */
const MAX_FAILURES = 10;

/** How to upload. */
export interface UploadOptions {
  /** Also delete objects of the course that the folder does not have. Default: false. */
  delete?: boolean;
  /** Symbolic links may lead anywhere below this folder. Default: the folder that is uploaded. */
  boundary?: string;
  /** Takes a line of progress now and then. Default: a progress bar on standard output. */
  onProgress?: (line: string) => void;
  /** Seconds before a failed transfer is tried again; twice as long the second time. Default: 1. */
  retrySeconds?: number;
}

/** What an upload did. */
export interface UploadResult {
  files: number;
  unchanged: number;
  uploaded: number;
  deleted: number;
  failed: { name: string; reason: string }[];
  skipped: LocalFiles["skipped"];
}

/**
 * Brings the content of a folder into a course's container. Only what differs from the container's listing is sent, each object
 * checked by its MD5; so an upload that was cut off is continued by doing it again. Pages go last, when what they refer to is
 * there; deletions after them.
 * @throws UserError about the folder; SwiftError when the store can't be used at all. Failures of single files are in the result.
 */
export async function upload(
  client: SwiftClient,
  course: Course,
  folder: string,
  options: UploadOptions = {},
): Promise<UploadResult> {
  const { files, skipped } = await findFiles(folder, options.boundary);
  if (files.length === 0) throw new UserError(`${folder} has no files to upload.`);

  const prefix = course.source ? `${course.source}/` : "";
  const stored = new Map((await client.list(course.container, prefix)).map((object) => [object.name, object]));
  const changed: LocalFile[] = [];
  await eachOf(files, CONCURRENCY, async (file) => {
    if (!(await isStored(file, stored.get(prefix + file.name)))) changed.push(file);
  });

  const result: UploadResult = {
    files: files.length,
    unchanged: files.length - changed.length,
    uploaded: 0,
    deleted: 0,
    failed: [],
    skipped,
  };
  const attempt = async (name: string, action: () => Promise<unknown>): Promise<boolean> => {
    if (result.failed.length >= MAX_FAILURES) return false;
    try {
      await withRetries(action, options.retrySeconds ?? 1);
      return true;
    } catch (error) {
      const reason = reasonOfOne(error);
      if (reason === undefined) throw error;
      result.failed.push({ name, reason });
      return false;
    }
  };
  const bar = new ProgressBar(course.name, changed.length, sum(changed), options.onProgress);
  const send = async (file: LocalFile) => {
    if (!(await attempt(file.name, () => put(client, course.container, prefix + file.name, file)))) return;
    result.uploaded++;
    bar.add(file.bytes);
  };
  const take = async (name: string) => {
    if (await attempt(name, () => remove(client, course.container, name))) result.deleted++;
  };

  const surplus = options.delete ? surplusObjects([...stored.keys()], prefix, files, skipped) : [];
  try {
    // Pages without their pictures are worse than yesterday's pages: each wave waits for the one before it.
    for (const wave of [0, 1, 2]) {
      const files = changed.filter((file) => waveOf(file) === wave);
      if (result.failed.length === 0) await eachOf(files, CONCURRENCY, send);
    }
    if (result.failed.length === 0) await eachOf(surplus, CONCURRENCY, take);
  } finally {
    bar.end();
  }
  return result;
}

/** The name and the content of the object are those of the file; of one that can't be read, sending it will tell. */
async function isStored(file: LocalFile, object: ListedObject | undefined): Promise<boolean> {
  if (object?.bytes !== file.bytes) return false;
  return object.hash === (await md5(file.path).catch(() => undefined));
}

/** Why one transfer failed; undefined for what concerns all of them. */
function reasonOfOne(error: unknown): string | undefined {
  if (error instanceof SwiftError) return error.kind === "auth" ? undefined : error.message;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return undefined;
  return code === "ENOENT" ? "it vanished while the others were uploaded" : `it can't be read (${code})`;
}

/** Deletes an object; that it is gone already is as good. */
async function remove(client: SwiftClient, container: string, name: string): Promise<void> {
  try {
    await client.delete(container, name);
  } catch (error) {
    if (!(error instanceof SwiftError && error.kind === "notFound")) throw error;
  }
}

async function put(client: SwiftClient, container: string, name: string, file: LocalFile): Promise<void> {
  const options = { contentType: contentType(name) };
  if (file.bytes < STREAM_FROM_BYTES) {
    await client.put(container, name, await readFile(file.path), options);
  } else {
    await client.put(container, name, createReadStream(file.path), { ...options, bytes: file.bytes });
  }
}

/** Objects of the course that the folder does not have. What is there but can't be published protects its objects. */
function surplusObjects(
  stored: string[],
  prefix: string,
  files: LocalFile[],
  skipped: LocalFiles["skipped"],
): string[] {
  const kept = new Set([...files, ...skipped].map((file) => prefix + file.name));
  // Folder markers of other upload programs stay as long as the folder has files.
  const folders = new Set(
    [...kept].flatMap((name) => [...name.matchAll(/\//g)].map((slash) => name.slice(0, slash.index))),
  );
  const leftOut = skipped.map(({ name }) => `${prefix}${name}/`);
  return stored.filter(
    (name) =>
      !kept.has(name) && !folders.has(name.replace(/\/$/, "")) && !leftOut.some((folder) => name.startsWith(folder)),
  );
}

/** First what pages refer to, then the pages, then the start page that leads to them. */
function waveOf({ name }: LocalFile): number {
  if (name === "index.html") return 2;
  return isPage(name) ? 1 : 0;
}

async function withRetries(action: () => Promise<unknown>, retrySeconds: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await action();
      return;
    } catch (error) {
      if (!(error instanceof SwiftError) || error.kind !== "outage" || tries === TRIES) throw error;
      await pause(tries * retrySeconds);
    }
  }
}

function sum(files: readonly LocalFile[]): number {
  return files.reduce((bytes, file) => bytes + file.bytes, 0);
}

async function md5(path: string): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

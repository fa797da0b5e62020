import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Home } from "./home";
import { type Progress, withHeartbeat } from "./progress";
import { run, tail } from "./run";
import { PULUMI_VERSION } from "./versions";

/** Where the official releases of the CLI are: the place that Pulumi's own installer takes them from. */
export const RELEASES = `https://github.com/pulumi/pulumi/releases/download/v${PULUMI_VERSION}`;

/** How long the place may take for a first answer, in milliseconds: offline, we want to go on at once. */
const ANSWER_MS = 5_000;

/** How long a download may go without a single byte, in milliseconds. */
const SILENCE_MS = 30_000;

/** The official files can't be had: not an error of ours, but a reason to build. */
export class Unavailable extends Error {}

const DOWNLOADED = `downloaded ${PULUMI_VERSION}`;

/** Whether CLI and language host in the home are the official ones of the pinned version. */
export function isCliDownloaded(home: Home): boolean {
  return home.origin("bin/pulumi") === DOWNLOADED;
}

/**
 * Downloads the official CLI with its language hosts, checks it against the release's checksums, unpacks it into the home.
 *
 * @throws Unavailable if there is no release for this machine, or the place can't be reached
 */
export async function downloadCli(home: Home, releases: string, progress: Progress): Promise<void> {
  const archive = `pulumi-v${PULUMI_VERSION}-${process.platform}-${process.arch}.tar.gz`;
  const checksums = (await fetchChecksums(releases)).split("\n").map((line) => line.trim().split(/\s+/));
  const checksum = checksums.find(([, name]) => name === archive)?.[0];
  if (!checksum) throw new Unavailable(`there is no official ${archive}`);
  const partial = path.join(home.dir, "download.partial");
  await rm(partial, { recursive: true, force: true }); // of an interrupted run
  await mkdir(partial, { recursive: true });
  try {
    const file = path.join(partial, archive);
    const what = `downloading Pulumi ${PULUMI_VERSION}`;
    const actual = await withHeartbeat(progress, what, (detail) => download(`${releases}/${archive}`, file, detail));
    if (actual !== checksum) throw new Unavailable(`${archive} does not match its published checksum`);
    const unpacked = await run("tar", ["-xzf", file, "-C", partial]);
    if (unpacked.status !== 0) throw new Unavailable(`unpacking ${archive} failed: ${tail(unpacked.stderr, 1)}`);
    await rm(home.bin, { recursive: true, force: true });
    await rename(path.join(partial, "pulumi"), home.bin);
    await home.enter("bin/pulumi", DOWNLOADED);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Fetches the release's list of checksums. It is small, so it also tells quickly whether the place can be reached.
 *
 * @throws Unavailable if not
 */
export async function fetchChecksums(releases: string): Promise<string> {
  return (await get(`${releases}/pulumi-${PULUMI_VERSION}-checksums.txt`, AbortSignal.timeout(ANSWER_MS))).text();
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw new Unavailable(`${new URL(url).host} can't be reached`, { cause: error });
  });
  if (!response.ok) throw new Unavailable(`${new URL(url).host} answers ${response.status}`);
  return response;
}

/** Downloads to a file and gives its SHA-256 in hex. */
async function download(url: string, file: string, detail: (text: string) => void): Promise<string> {
  const abort = new AbortController();
  const watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const response = await get(url, abort.signal);
    const total = Number(response.headers.get("content-length"));
    if (!response.body) throw new Unavailable(`${new URL(url).host} sends nothing`);
    await pipeline(
      Readable.fromWeb(response.body),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          watchdog.refresh();
          hash.update(chunk);
          bytes += chunk.length;
          detail(`${megabytes(bytes)}${total ? ` of ${megabytes(total)}` : ""} MB`);
          yield chunk;
        }
      },
      createWriteStream(file),
    );
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable(`the download broke off after ${megabytes(bytes)} MB`, { cause: error });
  } finally {
    clearTimeout(watchdog);
  }
  return hash.digest("hex");
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

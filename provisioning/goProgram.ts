import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { fingerprintOf } from "../toolchain/fingerprint.cjs";
import { goEnvironment, requireGo } from "../toolchain/go";
import { type Progress, withHeartbeat } from "../toolchain/progress";
import { run, tail } from "../toolchain/run";

const SOURCES = path.join(__dirname, "upload-gateway", "src");
const CACHE = path.join(__dirname, "..", ".cache", "upload-gateway");
/** `-s -w` leave the debugging tables out. */
const BUILD = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
/** What the web server runs. */
const TARGET = { GOOS: "linux", GOARCH: "amd64" };

/** A program for the web server that was built on this machine. */
export interface Program {
  /** Absolute path. */
  file: string;
  /** Fingerprint of its sources: with another Go the same sources give other bytes, and that is no change. */
  fingerprint: string;
}

/**
 * The upload gateway, built from `upload-gateway/src`. What has been built stays in `.cache/upload-gateway`, by what it is made from.
 *
 * @throws Error that says what is missing and what to do
 */
export async function buildUploadGateway(progress: Progress): Promise<Program> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).sort().filter(isSource);
  const fingerprint = fingerprintOf(SOURCES, files, JSON.stringify([BUILD, TARGET]));
  const file = path.join(CACHE, fingerprint);
  if (!existsSync(file)) await build(file, progress);
  return { file, fingerprint };
}

async function build(file: string, progress: Progress): Promise<void> {
  const remedy = "or leave xwmooc:uploadGateway out of the configuration: then nothing needs to be built.";
  await requireGo(process.env, { program: "the upload gateway", module: SOURCES, remedy });
  await mkdir(CACHE, { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  const { status, stderr } = await withHeartbeat(progress, "building the upload gateway (about 1 min)", () =>
    run("go", [...BUILD, "-o", partial, "."], { cwd: SOURCES, env: { ...goEnvironment(process.env), ...TARGET } }),
  );
  if (status !== 0) {
    await rm(partial, { force: true });
    throw new Error(`building the upload gateway failed (run it again to go on where it stopped):\n${tail(stderr)}`);
  }
  await rename(partial, file);
}

function isSource(file: string): boolean {
  return /(\.go|^go\.(mod|sum))$/.test(file) && !file.endsWith("_test.go");
}

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { count } from "../cli/lib/progress";
import type { SwiftClient } from "../swift/client";
import type { CourseHost } from "../test/support/courseHost";
import type { BenchCourse } from "./course";

const CACHE = join(__dirname, "..", ".cache", "bench");
const STORE_CONFIG = join(__dirname, "..", "test", "support", "testHost", "swift");
const UNITS = "test-store@proxy test-store@account test-store@container test-store@object";

/** Puts a course into the store: from what an earlier run has kept, else object by object. */
export async function fillStore(
  host: CourseHost,
  course: BenchCourse,
  client: SwiftClient,
  say: (line: string) => void,
): Promise<void> {
  const objects = `${count(course.size)} objects`;
  const kept = join(CACHE, `store-${course.size}-${contentKey()}.tar`);
  if (existsSync(kept)) {
    say(`taking the store with ${objects} from .cache/bench`);
    await host.container.sh(`systemctl stop ${UNITS} && rm -rf /srv/swift/d1`);
    await tar(host, "--extract", kept);
    // It remembers what containers there are.
    await host.container.sh("systemctl restart memcached");
    await start(host);
    return;
  }
  say(`storing ${objects}, once: later runs take them from .cache/bench`);
  await setHaste(host, true);
  await course.seed(client, say);
  await setHaste(host, false);
  await host.container.sh(`systemctl stop ${UNITS}`);
  say("keeping the store in .cache/bench");
  await keep(host, kept);
  await start(host);
}

async function keep(host: CourseHost, file: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const partial = `${file}.${process.pid}`;
  try {
    await tar(host, "--create", partial);
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** The store keeps all it knows of an object in extended attributes. */
async function tar(host: CourseHost, verb: "--create" | "--extract", file: string): Promise<void> {
  const folder = host.container.outside("/srv/swift");
  const attributes = ["--xattrs", "--xattrs-include=user.*", "--numeric-owner"];
  await promisify(execFile)("tar", [verb, "--file", file, "--directory", folder, ...attributes, "d1"]);
}

/** Without waiting for the disk at each object it stores faster; that is for the seeding only. */
async function setHaste(host: CourseHost, hasty: boolean): Promise<void> {
  const folder = "/run/systemd/system/test-store@.service.d";
  const setting = "[Service]\nEnvironment=LD_PRELOAD=libeatmydata.so\n";
  await host.container.sh(hasty ? `mkdir -p ${folder} && cat >${folder}/haste.conf` : `rm -r ${folder}`, setting);
  await host.container.sh(`systemctl daemon-reload && systemctl stop ${UNITS}`);
  await start(host);
}

async function start(host: CourseHost): Promise<void> {
  await host.container.sh(`systemctl start ${UNITS}`);
  await host.startStore();
}

/** What a kept store is made from, besides its size. */
function contentKey(): string {
  const hash = createHash("sha256").update(readFileSync(join(__dirname, "course.ts")));
  for (const file of ["swift.conf", "object-server.conf", "container-server.conf", "account-server.conf"])
    hash.update(readFileSync(join(STORE_CONFIG, file)));
  return hash.digest("hex").slice(0, 12);
}

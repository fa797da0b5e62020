import { createHash } from "node:crypto";
import { constants, promises as fs } from "node:fs";
import { writeNew } from "./download";

/** What the publisher asks of its mount reader: to list a folder, or to copy a file and say what was in it. */
export type MountRequest = { id: number; list: string } | { id: number; copy: string; to: string };

/** `names`, `md5`, or the code of the error that came instead. */
export interface MountReply {
  id: number;
  names?: string[];
  md5?: string;
  error?: string;
}

/**
 * The child process that touches the mount. A call into a FUSE mount whose daemon hangs does not return, and takes the
 * whole process with it when it is to end; so no other process of the publisher makes one.
 */
export function runMountReader(): void {
  process.on("message", async (request: MountRequest) => {
    const reply = await answer(request).catch((error: NodeJS.ErrnoException) => ({
      error: error.code ?? error.message,
    }));
    process.send?.({ id: request.id, ...reply } satisfies MountReply);
  });
  process.on("disconnect", () => process.exit());
}

async function answer(request: MountRequest): Promise<Omit<MountReply, "id">> {
  if ("list" in request) return { names: await fs.readdir(request.list) };
  const hash = createHash("md5");
  const file = await fs.open(request.copy, constants.O_RDONLY | constants.O_NOFOLLOW);
  await writeNew(request.to, file.createReadStream(), (chunk) => hash.update(chunk));
  return { md5: hash.digest("hex") };
}

// Keeps the courses' containers in step with those of another region: node content-mirror.cjs
import { join } from "node:path";
import { SwiftClient } from "../../../swift/client";
import { ConfigError, loadCredentials } from "../../publisher/src/config";
import { journal } from "../../publisher/src/journal";
import { SystemdNotify } from "../../publisher/src/notify";
import { loadConfig } from "./config";
import { CourseMirror } from "./courseMirror";
import { mirrorLoop } from "./mirrorLoop";
import { StateFile } from "./state";

/** Nothing may move for so long on a connection to a store. */
const STORE_TIMEOUT_MS = 15_000;
/** EX_CONFIG of sysexits.h: a restart can't help. */
const EXIT_CONFIG = 78;

async function main(etc = "/etc/content-mirror", state = "/var/lib/content-mirror/state.json"): Promise<void> {
  const { seconds, massDeletion, courses } = loadConfig(join(etc, "config.json"));
  const client = (file: string) => new SwiftClient(loadCredentials(join(etc, file)), { timeoutMs: STORE_TIMEOUT_MS });
  const [from, to] = [client("from.json"), client("to.json")];
  const file = new StateFile(state, journal);
  const systemd = new SystemdNotify();
  // An object counts only when it is complete: whatever is under way may be cut off anywhere.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
  journal.info(`${courses.length} courses are compared with those of the source, each every ${seconds} s`);
  systemd.ready();
  systemd.watch(() => true);
  const states = courses.map((course) => ({ course, ...file.begin(course.name) }));
  await Promise.all(
    states.map(({ course, run }) => {
      const note = (change: Parameters<StateFile["note"]>[1]) => file.note(course.name, change);
      note({});
      const mirror = new CourseMirror({ course, from, to, massDeletion, journal, run, note });
      return mirrorLoop({ name: course.name, pass: () => mirror.pass(), seconds, journal, note });
    }),
  );
}

main().catch((error: unknown) => {
  if (!(error instanceof ConfigError)) throw error;
  journal.warn(error.message);
  process.exit(EXIT_CONFIG);
});

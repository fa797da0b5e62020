import type { SystemdContainer } from "../test/support/systemdContainer";

/** Of the kernel's clock in which /proc counts processor time. */
const TICKS_A_SECOND = 100;

/** Processor seconds of a unit's processes so far, and of those that they have waited for. */
export async function cpuSecondsOf(container: SystemdContainer, unit: string): Promise<number> {
  const stats = await ofProcesses(container, unit, "stat");
  // After the name, which may hold anything: the fields from the third; 14 to 17 are the times.
  const ticks = stats.split("\n").flatMap((line) =>
    line
      .slice(line.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 15),
  );
  return ticks.reduce((sum, field) => sum + Number(field), 0) / TICKS_A_SECOND;
}

/**
 * The most memory that each of a unit's processes ever had, in bytes; largest first. Of the others only what is not mapped from
 * files: they run the same program, whose pages are there once.
 */
export async function peakMemoryOf(container: SystemdContainer, unit: string): Promise<number[]> {
  const status = await ofProcesses(container, unit, "status");
  const all = (field: string) =>
    [...status.matchAll(new RegExp(`^${field}:\\s+(\\d+) kB`, "gm"))].map(([, kilobytes]) => Number(kilobytes) * 1024);
  const mapped = all("RssFile");
  const peaks = all("VmHWM").map((whole, i) => ({ whole, own: whole - (mapped[i] ?? 0) }));
  peaks.sort((a, b) => b.whole - a.whole);
  return peaks.map(({ whole, own }, i) => (i === 0 ? whole : own));
}

/**
 * A file of /proc of each process that a unit has now. systemd's own count of processor time is not there on machines with the
 * old hierarchy of control groups.
 */
async function ofProcesses(container: SystemdContainer, unit: string, file: string): Promise<string> {
  const group = await container.sh(`systemctl show -P ControlGroup ${unit}`);
  if (group === "") return "";
  // The first form is the old hierarchy's, the second the unified one's.
  return await container.sh(
    `for pid in $(cat /sys/fs/cgroup/systemd${group}/cgroup.procs 2>/dev/null || cat /sys/fs/cgroup${group}/cgroup.procs); do
       cat /proc/$pid/${file} 2>/dev/null || true
     done`,
  );
}

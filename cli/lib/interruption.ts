import type { ChildProcess } from "node:child_process";
import { UserError } from "./errors";

/** The user (or the system) asked the command to stop: Ctrl-C, SIGTERM, a closed terminal. */
export class Interrupted extends UserError {
  constructor() {
    super("Interrupted. Nothing is lost: run the command again to go on where it stopped.", 130);
    this.name = "Interrupted";
  }
}

const controller = new AbortController();
const children = new Map<ChildProcess, NodeJS.Signals>();

/** Aborted once the command is asked to stop; give it to everything that waits. */
export const interruption = controller.signal;

// Whatever ends us, an error in the other of two parts for example, ends what we have started.
process.on("exit", () => {
  for (const [child, gentle] of children) signalGroup(child, gentle);
});

/**
 * Stops a child (and its descendants: it must lead a process group) when the command is asked to stop.
 * A second request kills what is still there.
 * @param gentle the signal that the child takes as the request to end in good order.
 */
export function stopWithUs(child: ChildProcess, gentle: NodeJS.Signals): void {
  children.set(child, gentle);
  child.once("close", () => children.delete(child));
  if (interruption.aborted) signalGroup(child, gentle);
}

/** Listens for the requests to stop; call once, at the start of a command that has something to wind up. */
export function listenForInterruption(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const again = interruption.aborted;
      controller.abort(new Interrupted());
      for (const [child, gentle] of children) signalGroup(child, again ? "SIGKILL" : gentle);
      if (again) process.exit(130);
    });
  }
}

/** Waits, but not longer than until the command is asked to stop. */
export async function pause(seconds: number): Promise<void> {
  interruption.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(interruption.reason);
    };
    const timer = setTimeout(() => {
      interruption.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    interruption.addEventListener("abort", stop, { once: true });
  });
}

/** Signals a child and its descendants; one that has ended already is fine. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

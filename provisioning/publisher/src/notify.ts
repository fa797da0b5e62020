import { spawn } from "node:child_process";

/**
 * Tells systemd how the service does. Node has no Unix datagram sockets, so `systemd-notify` says it: the unit needs
 * `NotifyAccess=all`. Below anything but systemd this does nothing.
 */
export class SystemdNotify {
  private timer: NodeJS.Timeout | undefined;

  /** The service is up. */
  ready(): void {
    this.send("READY=1");
  }

  /** Feeds the watchdog three times in its period, as long as `isAlive` says so. */
  watch(isAlive: () => boolean): void {
    const periodMs = Number(process.env.WATCHDOG_USEC) / 1000;
    if (!(periodMs > 0)) return;
    this.timer = setInterval(() => isAlive() && this.send("WATCHDOG=1"), periodMs / 3);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private send(message: string): void {
    if (process.env.NOTIFY_SOCKET === undefined) return;
    // A lost message is not worth an end: of READY systemd itself says so, and the watchdog's come again.
    spawn("systemd-notify", [message], { stdio: "ignore" }).on("error", () => {});
  }
}

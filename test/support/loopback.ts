import { type ChildProcess, fork } from "node:child_process";
import type { RequestListener } from "node:http";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as net from "node:net";
import { join } from "node:path";

const DOORMAN = join(__dirname, "loopbackDoorman.cjs");

/**
 * Joins the loopback of a network namespace with this process: there is no other way into a container without a network.
 * A socket stays in the namespace that it was opened in, whoever uses it; so a child opens them inside.
 */
export class Loopback {
  private readonly doormen: ChildProcess[] = [];
  private readonly servers: http.Server[] = [];

  /** @param init process ID of any process of the namespace */
  constructor(private readonly init: number) {}

  /**
   * @param address of the namespace itself
   * @returns a port of this machine's loopback that leads to `port` of it
   */
  async forward(port: number, address = "127.0.0.1"): Promise<number> {
    const outside = net.createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
    const { port: ours } = outside.address() as AddressInfo;
    const doorman = this.doorman("forward", port, address);
    await new Promise<void>((resolve, reject) =>
      doorman.send("server", outside, (error) => (error ? reject(error) : resolve())),
    );
    outside.close();
    return ours;
  }

  /** Serves HTTP by this process on `port` of the namespace's loopback. */
  async serve(port: number, onRequest: RequestListener): Promise<http.Server> {
    const doorman = this.doorman("listen", port);
    const door = await new Promise<net.Server>((resolve, reject) => {
      doorman.on("message", (_message, server) => resolve(server as net.Server));
      doorman.on("exit", (code) => reject(new Error(`port ${port} can't be served inside (exit ${code})`)));
    });
    const server = http.createServer(onRequest);
    door.on("connection", (socket) => server.emit("connection", socket));
    server.on("close", () => door.close());
    this.servers.push(server);
    return server;
  }

  close(): void {
    for (const server of this.servers) {
      server.closeAllConnections();
      server.close();
    }
    for (const doorman of this.doormen) doorman.kill("SIGKILL");
  }

  private doorman(verb: "forward" | "listen", port: number, address = "127.0.0.1"): ChildProcess {
    const doorman = fork(DOORMAN, [verb, `${port}`, address], {
      execPath: "nsenter",
      execArgv: ["--target", `${this.init}`, "--net", process.execPath],
    });
    doorman.unref();
    this.doormen.push(doorman);
    return doorman;
  }
}

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { ensureToolchain, findToolchain, type Toolchain } from "../../toolchain/ensure";

/**
 * A machine for the toolchain: a home, a cache and a PATH of its own, with stand-ins for `pulumi` and `go` that write
 * down how they were called. Nothing real is built or downloaded.
 */
export class ToolchainDouble {
  readonly dir = mkdtempSync(path.join(tmpdir(), "xwmooc-toolchain-"));
  readonly bin = path.join(this.dir, "bin");
  readonly userHome = path.join(this.dir, "home", ".pulumi");
  readonly ownHome = path.join(this.dir, "cache", "toolchain", "home");
  readonly lines: string[] = [];
  private readonly log = path.join(this.dir, "log");
  private server: Server | undefined;

  /** What the next {@link ensure} sees. */
  readonly env: NodeJS.ProcessEnv = {
    PATH: `${this.bin}:/usr/bin:/bin`,
    HOME: path.join(this.dir, "home"),
    XWMOOC_CACHE: path.join(this.dir, "cache"),
  };

  constructor() {
    mkdirSync(this.bin);
    mkdirSync(path.join(this.dir, "home"));
  }

  /** Puts a CLI on PATH. */
  installPulumi(version: string, options: { plugins?: boolean } = {}): void {
    this.script("bin/pulumi", this.pulumi(version));
    if (!options.plugins) return;
    for (const plugin of ["openstack-v3.15.2/pulumi-resource-openstack", "command-v1.2.1/pulumi-resource-command"]) {
      this.script(path.relative(this.dir, path.join(this.userHome, "plugins", `resource-${plugin}`)), "");
    }
  }

  /** Puts a Go on PATH whose builds give the stand-in CLI, or fail. */
  installGo(version: string, options: { fails?: boolean } = {}): void {
    const built = this.script("built", this.pulumi("v3.259.0"));
    this.script(
      "bin/go",
      `[ "$1" = env ] && echo go${version} && exit
       for last; do :; done
       echo "go build $last" >>${this.log}
       ${options.fails ? "echo 'no such module' >&2; exit 1" : ""}
       while [ "$1" != -o ]; do shift; done
       cp ${built} "$2"`,
    );
  }

  /** Starts the place of the official releases; without one it can't be reached. */
  async serve(handler: RequestListener): Promise<void> {
    const server = createServer(handler);
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }

  ensure(): Promise<Toolchain> {
    const port = this.server ? (this.server.address() as AddressInfo).port : 65534; // nobody listens there
    const releases = `http://127.0.0.1:${port}`;
    return ensureToolchain((line) => this.lines.push(line), { env: this.env, releases });
  }

  find(): Promise<Toolchain | undefined> {
    return findToolchain({ env: this.env });
  }

  /** The calls of the stand-ins since the last time, without the questions for versions. */
  calls(): string[] {
    if (!existsSync(this.log)) return [];
    const calls = readFileSync(this.log, "utf8").trimEnd().split("\n");
    rmSync(this.log);
    return calls;
  }

  remove(): void {
    this.server?.closeAllConnections();
    this.server?.close();
    rmSync(this.dir, { recursive: true });
  }

  /** Text of a CLI that installs plugins into its PULUMI_HOME. */
  pulumi(version: string): string {
    return `[ "$1" = version ] && echo ${version} && exit
      echo "pulumi $*" | sed 's# /.*# FILE#' >>${this.log}
      plugin="\${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-$4-$5"
      mkdir -p "$plugin" && touch "$plugin/pulumi-resource-$4"`;
  }

  /** Writes an executable shell script, by its path relative to the machine, and gives its absolute path. */
  script(name: string, body: string): string {
    const file = path.join(this.dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  }
}

import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

const GENERATE = `dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT &&
ssh-keygen -q -t ed25519 -N '' -C '' -f "$dir/key" && cat "$dir/key" "$dir/key.pub"`;

/** An ed25519 key pair made once by `ssh-keygen` and kept in the stack's encrypted state. */
export class SshKey extends command.local.Command {
  /** OpenSSH private key. Secret. */
  readonly privateKey: pulumi.Output<string>;
  /** Public key, one line as in authorized_keys. */
  readonly publicKey: pulumi.Output<string>;

  constructor(name: string, opts: pulumi.CustomResourceOptions) {
    super(
      `${name}-generate`,
      { create: GENERATE, logging: command.local.Logging.None },
      {
        ...opts,
        additionalSecretOutputs: ["stdout", "stderr"],
        // A key outlives every edit of the command that made it; to change it, `pulumi up --replace` this resource.
        ignoreChanges: ["create"],
        // Stacks of before have it in a component of its own.
        aliases: [{ parent: pulumi.createUrn(name, "xwmooc:ssh:Key", opts.parent) }],
      },
    );
    const lines = this.stdout.apply((stdout) => stdout.trim().split("\n"));
    this.privateKey = pulumi.secret(lines.apply((all) => `${all.slice(0, -1).join("\n")}\n`));
    this.publicKey = pulumi.unsecret(lines.apply((all) => (all.at(-1) ?? "").trim()));
  }
}

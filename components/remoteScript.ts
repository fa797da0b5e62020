import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { packStep, type StepContent, stepDigest, unpackAndRun } from "./stepArchive";

/** A {@link StepContent} of which some becomes known only when other resources are there. */
export type StepContentInput = { [Part in keyof StepContent]: Record<string, pulumi.Input<string>> };

/** How to enter a server over SSH. */
export interface SshConnection {
  /** Address. */
  host: pulumi.Input<string>;
  /** Login user, with sudo. */
  user: string;
  /** OpenSSH private key. Secret. */
  privateKey: pulumi.Input<string>;
  /** Public host key that the server must show; any other one ends the connection. */
  hostKey: pulumi.Input<string>;
}

/** What {@link RemoteScript} needs. */
export interface RemoteScriptArgs {
  /** Folder below `provisioning/` with install.sh, verify.sh and remove.sh. */
  step: string;
  /** The server to run on. */
  connection: SshConnection;
  /** ID of that server: on its replacement the step runs again. */
  serverId: pulumi.Input<string>;
  /** Its flavor: after a resize, which restarts the server, the step runs and verifies again. */
  flavor: string;
  /** Inputs and generated files. */
  content?: StepContentInput;
  /** How long it may take, with the wait for the server. Default: 30m. */
  timeLimit?: string;
}

/**
 * One provisioning step: its folder goes to the server as an archive on standard input, is run there and verified.
 * A change of the folder or of the inputs runs the step again, in place; removing the resource runs `remove.sh`.
 */
export class RemoteScript extends command.remote.Command {
  constructor(name: string, args: RemoteScriptArgs, opts: pulumi.CustomResourceOptions) {
    const { timeLimit = "30m" } = args;
    const content = pulumi.output(args.content ?? {}) as pulumi.Output<StepContent>;
    // Of what is secret nothing is in the digest.
    const digest = pulumi.unsecret(content.apply((known) => stepDigest(args.step, known)));
    const label = pulumi.interpolate`step ${args.step}, content ${digest}, server ${args.serverId} of flavor ${args.flavor}`;
    const install = run(label, "bash ./install.sh && bash ./verify.sh");
    super(
      `${name}-run`,
      {
        connection: patient(args.connection),
        create: install,
        update: install,
        delete: run(label, "bash ./remove.sh"),
        stdin: pulumi.secret(content.apply((known) => packStep(args.step, known))),
        addPreviousOutputInEnv: false,
      },
      {
        ...opts,
        customTimeouts: { create: timeLimit, update: timeLimit, delete: "10m" },
        // Stacks of before have it in a component of its own.
        aliases: [{ parent: pulumi.createUrn(name, "xwmooc:provisioning:RemoteScript", opts.parent) }],
      },
    );
  }
}

/** A connection that waits for the server: a new or a busy one takes its time. The resource's time limit ends the wait. */
export function patient({ host, user, privateKey, hostKey }: SshConnection) {
  return { host, user, privateKey, hostKey, dialErrorLimit: -1, perDialTimeout: 30 };
}

/** The command text: constant but for the label, which must not hold a secret (Pulumi prints it when the command fails). */
function run(label: pulumi.Output<string>, scripts: string): pulumi.Output<string> {
  return pulumi.interpolate`exec sudo bash -c ${quote(unpackAndRun(scripts))} # ${label}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

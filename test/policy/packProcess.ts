import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import * as grpc from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/analyzer_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { ROOT } from "../../cli/lib/paths";

/** A resource as the engine asks about it. */
export interface Asked {
  /** @default dev */
  stack?: string;
  type: string;
  name: string;
  /** As they travel: secrets and unknown values by Pulumi's signatures. */
  inputs: Record<string, unknown>;
  protect?: boolean;
}

/** The policy pack as the engine runs it: a process of its own that answers by gRPC. */
export class PackProcess {
  readonly #client: grpc.AnalyzerClient;

  private constructor(
    readonly child: ChildProcess,
    port: string,
  ) {
    this.#client = new grpc.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  static async start(): Promise<PackProcess> {
    const child = spawn(join(ROOT, "policy", "main.cjs"), ["127.0.0.1:1"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    return new PackProcess(child, port.toString().trim());
  }

  stop(): void {
    this.#client.close();
    this.child.kill();
  }

  /** What the pack finds, in the engine's order of calls. */
  async findings({ stack = "dev", type, name, inputs, protect = false }: Asked): Promise<string[]> {
    const request = new messages.AnalyzeRequest();
    request.setType(type);
    request.setName(name);
    request.setUrn(`urn:pulumi:${stack}::xwmooc::${type}::${name}`);
    request.setProperties(Struct.fromJavaScript(JSON.parse(JSON.stringify(inputs)) as Record<string, JavaScriptValue>));
    const options = new messages.AnalyzerResourceOptions();
    options.setProtect(protect);
    options.setCustomtimeouts(new messages.AnalyzerResourceOptions.CustomTimeouts());
    request.setOptions(options);
    const remediated = await answer<messages.RemediateResponse>((done) => this.#client.remediate(request, done));
    const analyzed = await answer<messages.AnalyzeResponse>((done) => this.#client.analyze(request, done));
    if (remediated.getRemediationsList().length > 0) throw new Error("a rule changed a resource");
    return analyzed.getDiagnosticsList().map((found) => {
      const isMandatory = found.getEnforcementlevel() === messages.EnforcementLevel.MANDATORY;
      return `${found.getPolicyname()}${isMandatory ? "" : " (advisory)"}: ${found.getMessage().trim().split("\n").at(-1)}`;
    });
  }
}

async function answer<Response>(call: (done: (error: Error | null, response: Response) => void) => void) {
  return await new Promise<Response>((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}

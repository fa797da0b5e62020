import { CERTIFICATE_COMMAND, type CertificateStatus, certificateProblem, certificateStatus } from "./certificate";
import { MIRROR_COMMAND, type MirrorStatus, mirrorProblem, mirrorStatus } from "./contentMirror";
import { UserError } from "./errors";
import { part } from "./problems";
import { PUBLISHER_COMMAND, publisherStatus, type Status } from "./publisher";
import { askHttp } from "./site";
import { loginOf, serversOf } from "./ssh";
import type { StackOutputs } from "./stack";
import { GATEWAY_COMMAND, type GatewayStatus, gatewayStatus } from "./uploadGateway";
import { type Answer, askWebServer } from "./webServer";

/** A web server as its services see themselves. What could not be asked is missing, and `problems` says why. */
export interface ServerReport {
  /** Its name in the cloud. */
  name: string;
  address: string;
  publisher?: Status;
  /** Only where the stack has an upload gateway. */
  uploads?: GatewayStatus;
  /** Only where the site has a domain and HTTPS. */
  certificate?: CertificateStatus;
  /** Only of the first server of a mirror: it copies for all. */
  mirror?: MirrorStatus[];
  /** Everything that does not work, in words. */
  problems: string[];
}

/**
 * Asks all services of a web server, in one login.
 * @param number of the server, counted from 1
 */
export async function serverReport(outputs: StackOutputs, number: number): Promise<ServerReport> {
  const servers = serversOf(outputs);
  const { name = "", address = "" } = servers[number - 1] ?? {};
  const report: ServerReport = { name, address, problems: [] };
  const [answers] = await Promise.all([
    part(report.problems, "web server", () =>
      askWebServer(loginOf(outputs, number), {
        publisher: PUBLISHER_COMMAND,
        ...(outputs.uploadUrls && { gateway: GATEWAY_COMMAND }),
        ...(outputs.mirrorOf && number === 1 && { mirror: MIRROR_COMMAND }),
        ...(outputs.siteUrl.startsWith("https:") && { certificate: CERTIFICATE_COMMAND }),
      }),
    ),
    // Of a server alone the courses tell as much.
    servers.length > 1 ? part(report.problems, "nginx", () => askNginx(address)) : undefined,
  ]);
  // The URLs are those of the first.
  if (answers) await readAnswers(report, answers, number === 1 ? (outputs.uploadUrls ?? []) : []);
  return report;
}

/** Whether visitors get an answer of this very server. */
async function askNginx(address: string): Promise<void> {
  const url = `http://${address}/`;
  const { status } = await askHttp(url);
  if (status !== 200 && status !== 301) throw new UserError(`${url} answers ${status}`);
}

async function readAnswers(
  report: ServerReport,
  { publisher, gateway, certificate, mirror }: Record<string, Answer>,
  uploadUrls: string[],
): Promise<void> {
  const { problems } = report;
  await part(problems, "upload gateway", async () => {
    if (gateway) report.uploads = gatewayStatus(gateway, uploadUrls);
    if (report.uploads && report.uploads.state !== "active")
      throw new UserError(
        `it is ${report.uploads.state}: npm run ssh -- sudo journalctl --unit upload-gateway --lines 20`,
      );
  });
  await part(problems, "certificate", async () => {
    if (certificate) report.certificate = certificateStatus(certificate);
    const problem = report.certificate && certificateProblem(report.certificate);
    if (problem) throw new UserError(problem);
  });
  await part(problems, "publisher", async () => {
    if (publisher) report.publisher = publisherStatus(publisher);
  });
  await part(problems, "mirror", async () => {
    if (mirror) report.mirror = mirrorStatus(mirror);
  });
  for (const status of report.mirror ?? []) {
    const problem = mirrorProblem(status);
    if (problem) problems.push(`mirror of course ${status.name}: ${problem}`);
  }
  for (const { name, state, lastError } of report.publisher?.courses ?? [])
    if (state === "outage")
      problems.push(`course ${name}: ${lastError?.message ?? "the object store gives no listing"}`);
  const mount = report.publisher?.mount;
  if (mount && !mount.healthy) problems.push(`mount: ${mount.detail}`);
}

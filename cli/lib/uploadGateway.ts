import { STATUS_SECONDS } from "./publisher";
import { run } from "./run";
import { withSshLogin } from "./ssh";
import type { StackOutputs } from "./stack";

/** What systemd knows of the upload gateway. */
export interface GatewayStatus {
  /** Where authors upload. */
  urls: string[];
  /** As systemd names it: `active`, `activating`, `failed`, … */
  state: string;
  /** What the gateway says of itself: sessions, uploads; empty while it does not run. */
  detail: string;
}

/** Asks the web server. @returns `undefined` where the stack has no gateway. @throws CommandError when it does not answer. */
export async function gatewayStatus(outputs: StackOutputs): Promise<GatewayStatus | undefined> {
  const urls = outputs.uploadUrls;
  if (urls === undefined) return undefined;
  const answer = await withSshLogin(outputs, (args) =>
    run("ssh", [...args, "systemctl show upload-gateway --property=ActiveState,StatusText"], {
      timeoutSeconds: STATUS_SECONDS,
    }),
  );
  const said = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(answer)?.[1] ?? "";
  return { urls, state: said("ActiveState"), detail: said("StatusText") };
}

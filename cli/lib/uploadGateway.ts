import { UserError } from "./errors";
import { type Answer, lineOf, noAnswer } from "./webServer";

/** What systemd knows of the upload gateway. */
export interface GatewayStatus {
  /** Where authors upload. */
  urls: string[];
  /** As systemd names it: `active`, `activating`, `failed`, … */
  state: string;
  /** What the gateway says of itself: sessions, uploads; empty while it does not run. */
  detail: string;
}

/** Asks systemd, on the web server. */
export const GATEWAY_COMMAND = "systemctl show upload-gateway --property=ActiveState,StatusText";

/** systemd's answer. @throws UserError where it gives none */
export function gatewayStatus(answer: Answer, urls: string[]): GatewayStatus {
  if (answer.code !== 0) throw new UserError(noAnswer(answer));
  return { urls, state: lineOf(answer, "ActiveState") ?? "", detail: lineOf(answer, "StatusText") ?? "" };
}

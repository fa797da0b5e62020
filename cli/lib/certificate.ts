import { UserError } from "./errors";
import { type Answer, lineOf, noAnswer } from "./webServer";

/** What the web server knows of the site's certificate. */
export interface CertificateStatus {
  domain: string;
  /** When the one that is shown ends, ISO 8601; undefined while there is none. */
  ends?: string;
  /** Courses' names that it is not valid for, while there is one. */
  missing: string[];
  /** Why the last try to get one failed; undefined if it did not. */
  problem?: string;
}

/** Asks the step's own script, on the web server. */
export const CERTIFICATE_COMMAND = "sudo -n /usr/local/lib/certificate/status";

/** A certificate is renewed 30 days before its end: where it has fewer than these, something is wrong. */
const FEW_DAYS = 21;
const DAY_MS = 86_400_000;

/** The script's answer. @throws UserError where it gives none */
export function certificateStatus(answer: Answer): CertificateStatus {
  if (answer.code !== 0) throw new UserError(noAnswer(answer));
  const [domain = "", ends, missing, problem] = ["domain", "ends", "missing", "problem"].map((name) =>
    lineOf(answer, name),
  );
  return { domain, ...(ends && { ends }), missing: missing?.split(" ") ?? [], ...(problem && { problem }) };
}

/** What is wrong with it, in words; undefined where nothing is. */
export function certificateProblem(
  { domain, ends, missing, problem }: CertificateStatus,
  now = Date.now(),
): string | undefined {
  const why = problem ? `: ${problem}` : "";
  if (ends === undefined) return `there is none of ${domain} yet, the site is served by HTTP${why}`;
  const days = Math.floor((Date.parse(ends) - now) / DAY_MS);
  if (days < 0) return `the one of ${domain} has expired on ${ends.slice(0, 10)}: browsers refuse the site${why}`;
  if (days < FEW_DAYS || (problem && missing.length === 0))
    return `the one of ${domain} ends in ${days} days and was not renewed${why}`;
  if (missing.length > 0)
    return `the one of ${domain} lacks ${missing.join(", ")}: a name gets into it once it leads where ${domain} does${why}`;
  return undefined;
}

import * as http from "node:http";
import * as https from "node:https";
import { buffer } from "node:stream/consumers";
import { devRoots, isDevName, lookUpDevName } from "./devNames";

/** What a site answered. */
export interface Visit {
  /** HTTP status; redirects are not followed. */
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/**
 * Asks a site as a visitor does; names of the dev cloud by its own name server, with its own roots.
 * @param seconds that the answer may take
 * @throws Error with the `code` of the connection's failure
 */
export async function visit(url: string, method: "GET" | "HEAD" = "GET", seconds = 20): Promise<Visit> {
  const { protocol, hostname } = new URL(url);
  const options: https.RequestOptions = {
    method,
    // A compressed answer would not tell the file's length.
    headers: { "Accept-Encoding": "identity" },
    signal: AbortSignal.timeout(seconds * 1000),
    ...(isDevName(hostname) && { lookup: lookUpDevName, ca: devRoots() || undefined }),
  };
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const { request } = protocol === "https:" ? https : http;
    request(url, options, resolve).on("error", reject).end();
  });
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

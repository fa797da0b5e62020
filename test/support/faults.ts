/** How a store may fail a request. A number is answered as that HTTP status. */
export type Fault = number | "html" | "truncate" | "reset" | "hang" | { body: string; status?: number };

/** A request to a store. */
export interface StoreRequest {
  method: string;
  /** Decoded; the account left out. */
  container: string;
  object: string | undefined;
  query: URLSearchParams;
}

/** An answer that is made up, whole. */
export interface MadeUp {
  status: number;
  body: string;
  headers: Record<string, string>;
}

/** @param url of a request to a Swift account */
export function parseRequest(method: string, url: string): StoreRequest {
  const [path = "", query = ""] = url.split("?", 2);
  const [, container = "", object = ""] = /^\/v1\/[^/]+\/?([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  return {
    method,
    container: decodeURIComponent(container),
    object: object === "" ? undefined : decodeURIComponent(object),
    query: new URLSearchParams(query),
  };
}

/** What is answered in the store's place. */
export function madeUp(fault: number | "html" | { body: string; status?: number }): MadeUp {
  if (fault === "html") {
    const body = "<?xml version='1.0'?><html><body>maintenance</body></html>";
    return { status: 200, body, headers: { "Content-Type": "application/xhtml+xml" } };
  }
  if (typeof fault === "object") return { status: fault.status ?? 200, body: fault.body, headers: {} };
  return { status: fault, body: fault === 204 ? "" : "<html>error</html>", headers: {} };
}

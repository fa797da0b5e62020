import * as http from "node:http";

export interface Answer {
  status: number;
  body: Buffer;
}

/** A port of this machine's loopback that leads to the web server. */
export interface Site {
  port: number;
}

/** The path of a page in a URL. */
export function urlOf(course: string, name: string): string {
  return `/${[course, ...name.split("/")].map(encodeURIComponent).join("/")}`;
}

/** Gets a page. @throws Error where no complete answer came */
export function get({ port }: Site, path: string, agent: http.Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path, agent, timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("no answer within 5 s")));
    request.on("error", reject);
  });
}

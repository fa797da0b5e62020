import { createHash } from "node:crypto";
import * as http from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { CourseHost } from "../support/courseHost";

/** A page as long as one that somebody wrote. */
const page = (title: string) =>
  Array.from(
    { length: 500 },
    (_, i) => `<p>${title}: ${createHash("md5").update(`${title}${i}`).digest("hex")}</p>\n`,
  ).join("");
const PAGE = page("the page");
const STORED: Record<string, string> = {
  "texts/index.html": page("the index"),
  "texts/page.html": PAGE,
  "texts/페이지.html": PAGE,
  "texts/style.css": page("the style"),
  "texts/page.html.gz": "the author's own",
  "texts/picture.png": PAGE,
  "texts/small.html": "small",
};
const DECODERS: Record<string, (bytes: Buffer) => Buffer> = { br: brotliDecompressSync, gzip: gunzipSync };
const BROWSER = "gzip, deflate, br, zstd";

interface Answer {
  status: number | undefined;
  headers: http.IncomingHttpHeaders;
  bytes: Buffer;
}

/** How texts are sent that were compressed at publication; on a host that serves the course "pi". */
export function compressionCases(host: () => CourseHost): void {
  describe("texts", () => {
    let port: number;
    let folder: string;

    beforeAll(async () => {
      const { container } = host();
      port = await container.loopback.forward(80);
      for (const [name, text] of Object.entries(STORED))
        await host().store("PUT", `pi/${name.split("/").map(encodeURIComponent).join("/")}`, text);
      await container.until(20, "they are served", async () => (await get("texts/small.html")).status === 200);
      folder = await container.sh("readlink -f /var/www/html/pi/texts");
    }, 60_000);

    function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const options = { port, path: encodeURI(`/pi/${path}`), headers, method, agent: false };
        const request = http.request(options, (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk) => chunks.push(chunk));
          answer.on("end", () =>
            resolve({ status: answer.statusCode, headers: answer.headers, bytes: Buffer.concat(chunks) }),
          );
          answer.on("error", reject);
        });
        request.on("error", reject).end();
      });
    }
    const asked = (path: string, encodings: string, more: Record<string, string> = {}, method = "GET") =>
      get(path, { "Accept-Encoding": encodings, ...more }, method);
    const decoded = ({ headers, bytes }: Answer) =>
      (DECODERS[headers["content-encoding"] ?? ""] ?? ((plain: Buffer) => plain))(bytes).toString();

    it.each([
      [BROWSER, "br"],
      ["br", "br"],
      ["gzip, BR;q=0.5", "br"],
      ["gzip", "gzip"],
      ["gzip;q=1.0,br;q=0", "gzip"],
      ["br; q=0.000, gzip", "gzip"],
      ["deflate, zbr, brx, gzipped", undefined],
      ["gzip;q=0", undefined],
      ["identity", undefined],
      ["*", undefined],
      ["", undefined],
    ])("of a browser that takes '%s' are sent as %s", async (encodings, encoding) => {
      for (const [name, text] of Object.entries(STORED)) {
        if (!/\/(page|페이지)\.html$|css$/.test(name)) continue;
        const answer = await asked(name, encodings);
        expect([answer.status, answer.headers["content-encoding"]]).toEqual([200, encoding]);
        // Made before: its length is known, and its tag is one of bytes.
        expect(answer.headers["content-length"]).toBe(`${answer.bytes.length}`);
        expect(answer.headers.etag).toMatch(/^"[0-9a-f]+-[0-9a-f]+"$/);
        expect(decoded(answer)).toBe(text);
      }
    });

    it("have the same headers in all forms, but for the tag", async () => {
      const answers = await Promise.all(["", "gzip", "br"].map((encoding) => asked("texts/page.html", encoding)));
      const tags = new Set(answers.map(({ headers }) => headers.etag));
      expect(tags.size).toBe(3);
      const common = answers.map(({ headers }) => {
        const { date, etag, connection, "content-length": length, "content-encoding": encoding, ...rest } = headers;
        return rest;
      });
      expect(common[0]).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "content-security-policy": expect.stringContaining("default-src 'self'"),
        "x-content-type-options": "nosniff",
        vary: "Accept-Encoding",
        "last-modified": expect.any(String),
      });
      expect(common[1]).toEqual(common[0]);
      expect(common[2]).toEqual(common[0]);
      const head = await asked("texts/page.html", "br", {}, "HEAD");
      const { date, ...same } = head.headers;
      expect(answers[2]?.headers).toMatchObject(same);
    });

    it("are not sent again to a browser that has them in this form", async () => {
      for (const encodings of ["", "gzip", "br"]) {
        const { headers } = await asked("texts/page.html", encodings);
        const again = await asked("texts/page.html", encodings, { "If-None-Match": headers.etag ?? "" });
        expect([again.status, again.headers.etag, again.headers.vary]).toEqual([304, headers.etag, "Accept-Encoding"]);
        expect(again.headers["content-encoding"]).toBeUndefined();
      }
    });

    it("are sent in parts, too", async () => {
      const { bytes } = await asked("texts/page.html", "gzip");
      const part = await asked("texts/page.html", "gzip", { Range: "bytes=10-99" });
      expect([part.status, part.headers["content-encoding"]]).toEqual([206, "gzip"]);
      expect(part.bytes.equals(bytes.subarray(10, 100))).toBe(true);
      expect((await asked("texts/page.html", "", { Range: "bytes=0-9" })).bytes.toString()).toBe(PAGE.slice(0, 10));
    });

    it("are a folder's page as well", async () => {
      const answer = await asked("texts/", BROWSER);
      expect(answer.headers["content-encoding"]).toBe("br");
      expect(decoded(answer)).toBe(STORED["texts/index.html"]);
    });

    it("that are small, pictures, and an author's own compressed files are sent as they are", async () => {
      for (const name of ["texts/small.html", "texts/picture.png", "texts/page.html.gz"]) {
        const answer = await asked(name, BROWSER);
        expect(answer.headers["content-encoding"]).toBeUndefined();
        expect(answer.bytes.toString()).toBe(STORED[name]);
      }
    });

    it("are compressed while they are sent, where a form is missing", async () => {
      await host().container.sh(`cd ${folder}/.compressed && rm br/page.html && mv gzip gone`);
      const first = await asked("texts/page.html", BROWSER);
      expect(first.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
      expect(first.headers.etag).toMatch(/^W\//);
      expect(decoded(first)).toBe(PAGE);
      const style = await asked("texts/style.css", "gzip");
      expect(style.headers["content-encoding"]).toBe("gzip");
      expect(decoded(style)).toBe(STORED["texts/style.css"]);
      await host().container.sh(`mv ${folder}/.compressed/gone ${folder}/.compressed/gzip`);
    });

    it("of the release before are found by an open page in whatever form it takes", async () => {
      const before = "/var/www/html/.before/pi/texts";
      await host().container.sh(
        `mkdir -p ${before} && cp ${folder}/style.css ${before}/old.css && cp ${folder}/page.html ${before}/old.html`,
      );
      for (const encodings of ["", BROWSER]) {
        const style = await asked("texts/old.css", encodings);
        expect([style.status, decoded(style)]).toEqual([200, STORED["texts/style.css"]]);
        expect(style.headers["content-type"]).toBe("text/css; charset=utf-8");
        expect((await asked("texts/old.html", encodings)).status).toBe(404);
      }
      await host().container.sh("rm -r /var/www/html/.before");
    });

    it("have nothing hidden that can be asked for", async () => {
      for (const path of ["texts/.compressed/br/style.css", "texts/.compressed/", ".well-known/.compressed/br/x.html"])
        for (const encodings of ["", BROWSER]) expect((await asked(path, encodings)).status).toBe(404);
      const { status } = await asked("texts/nowhere.css", BROWSER);
      expect(status).toBe(404);
      // Each line about a request would name who asked.
      expect(await host().container.sh("grep -c 'client: ' /var/log/nginx/error.log || true")).toBe("0");
    });
  });
}

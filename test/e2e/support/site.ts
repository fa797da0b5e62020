import type { Course } from "../../../config/schema";
import type { SwiftClient } from "../../../swift/client";
import { each, get, md5 } from "./project";

/** The URL of an object on the site. */
export function urlOf(siteUrl: string, course: Course, object: string): string {
  const inside = course.source === "" ? object : object.slice(course.source.length + 1);
  return new URL(`${course.path}/${inside}`.split("/").map(encodeURIComponent).join("/"), siteUrl).href;
}

/** Compares what the site serves with what the store holds; gives the differences and how many files were compared. */
export async function compare(
  siteUrl: string,
  course: Course,
  store: SwiftClient,
): Promise<{ files: number; differences: string[] }> {
  const prefix = course.source === "" ? "" : `${course.source}/`;
  const isFolder = ({ name, contentType }: { name: string; contentType: string }) =>
    name.endsWith("/") || contentType === "application/directory";
  const objects = (await store.list(course.container, prefix)).filter((object) => !isFolder(object));
  const differences: string[] = [];
  await each(objects, 8, async ({ name, hash }) => {
    const { status, body } = await get(urlOf(siteUrl, course, name));
    if (status !== 200 || md5(body) !== hash) differences.push(`${name}: HTTP ${status}, ${body.length} bytes`);
  });
  return { files: objects.length, differences };
}

/** Asks for a URL over and over until told to stop; gives how often it asked and which answers were not as expected. */
export function watch(url: string, expected: string): () => Promise<{ asked: number; failures: string[] }> {
  const failures: string[] = [];
  let asked = 0;
  let going = true;
  const loop = (async () => {
    while (going) {
      asked++;
      const { status, body } = await get(url).catch((error: Error) => ({
        status: 0,
        body: Buffer.from(error.message),
      }));
      if (status !== 200 || md5(body) !== expected) failures.push(`HTTP ${status} ${body.length} bytes`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return async () => {
    going = false;
    await loop;
    return { asked, failures };
  };
}

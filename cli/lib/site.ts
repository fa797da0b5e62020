import { UserError } from "./errors";
import { pause } from "./interruption";
import type { LocalFile } from "./localFiles";
import { count, type Lane, secondsSince } from "./progress";
import type { StackOutputs } from "./stack";
import { visit } from "./visit";

/** Seconds without any new file on the site after which waiting is given up. */
const PATIENCE_SECONDS = 600;

/** Seconds between two looks at the site. */
const LOOK_SECONDS = 5;

/** Seconds that an answer may take. */
const ANSWER_SECONDS = 10;

/** Files asked for at the same time. */
const BATCH = 16;

/** What a URL answers: its HTTP status, or why there is none; and the length of the content. */
export async function askHttp(url: string): Promise<{ status: number | string; bytes?: number }> {
  try {
    const { status, headers } = await visit(url, "HEAD", ANSWER_SECONDS);
    return { status, bytes: Number(headers["content-length"]) };
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    return { status: code === "ABORT_ERR" ? `nothing within ${ANSWER_SECONDS} s` : (code ?? name) };
  }
}

/** A course whose files are awaited. */
interface Awaited {
  name: string;
  url: string;
  total: number;
  /** Files not yet seen on the site. */
  missing: readonly LocalFile[];
}

/**
 * Waits until the site serves every course, with every file of its new content.
 * @param content files that a course has got; a course that is missing here needs only answer.
 * @throws UserError naming the courses that it does not serve, when nothing new has come for a long time.
 */
export async function waitForSite(
  { courseUrls }: StackOutputs,
  content: ReadonlyMap<string, readonly LocalFile[]>,
  lane: Lane,
  { lookSeconds, patienceSeconds } = { lookSeconds: LOOK_SECONDS, patienceSeconds: PATIENCE_SECONDS },
): Promise<void> {
  const courses: Awaited[] = Object.entries(courseUrls).map(([name, url]) => {
    const files = content.get(name) ?? [];
    return { name, url, total: files.length, missing: files };
  });
  let progressAt = Date.now();
  let told = "";
  for (;;) {
    const before = countMissing(courses);
    const open: string[] = [];
    for (const course of courses) {
      const { status } = await askHttp(course.url);
      if (status === 200) await lookForFiles(course);
      const seen = course.total - course.missing.length;
      if (course.missing.length > 0) open.push(`${course.name} ${count(seen)} of ${count(course.total)} files`);
      else if (status !== 200) open.push(`${course.name} answers ${status}`);
    }
    if (open.length === 0) break;
    if (countMissing(courses) < before) progressAt = Date.now();
    if (secondsSince(progressAt) > patienceSeconds) {
      throw new UserError(`The site does not serve everything (${open.join(", ")}): see \`npm run status\`.`);
    }
    const news = `${courses.length - open.length} of ${courses.length} courses are published; ${open.join(", ")}`;
    if (news !== told) lane.line(news);
    told = news;
    await pause(lookSeconds);
  }
  lane.line(`all ${courses.length} courses are published`);
  lane.end();
}

/** Releases come as a whole: as long as the next file is not there, the others are not worth asking for. What is not there goes to the end. */
async function lookForFiles(course: Awaited): Promise<void> {
  for (let [next] = course.missing; next && (await isServed(course, next)); [next] = course.missing) {
    const batch = course.missing.slice(0, BATCH);
    const served = await Promise.all(batch.map((file) => isServed(course, file)));
    course.missing = [...course.missing.slice(BATCH), ...batch.filter((_, index) => !served[index])];
  }
}

async function isServed({ url }: Awaited, { name, bytes }: LocalFile): Promise<boolean> {
  const answer = await askHttp(new URL(name.split("/").map(encodeURIComponent).join("/"), url).href);
  return answer.status === 200 && answer.bytes === bytes;
}

function countMissing(courses: readonly Awaited[]): number {
  return courses.reduce((sum, course) => sum + course.missing.length, 0);
}

import { describe } from "./errors";
import { Interrupted } from "./interruption";

/**
 * Asks for one part of something; a failure becomes a problem in words, and the other parts go on.
 * @param what names the part, in front of the problem
 * @returns the answer; undefined after a failure
 */
export async function part<Answer>(
  problems: string[],
  what: string,
  ask: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    problems.push(`${what}: ${describe(error)}`);
    return undefined;
  }
}

/** Takes one line of news for the user. */
export type Progress = (line: string) => void;

/** Seconds between two signs of life of a long step. */
const HEARTBEAT_SECONDS = 15;

/**
 * Says what is being done and, while that goes on, how long it has taken so far.
 *
 * @param what - the step in words a user understands, e.g. `building the Pulumi CLI (about 5 min on 2 cores)`
 * @param work - the step; it may call `detail` with what is to stand behind the seconds
 */
export async function withHeartbeat<T>(
  progress: Progress,
  what: string,
  work: (detail: (text: string) => void) => Promise<T>,
): Promise<T> {
  const start = Date.now();
  let detail = "";
  progress(`${what} ...`);
  const timer = setInterval(() => {
    progress(`${what} ... ${Math.round((Date.now() - start) / 1000)} s${detail && `, ${detail}`}`);
  }, HEARTBEAT_SECONDS * 1000);
  try {
    return await work((text) => {
      detail = text;
    });
  } finally {
    clearInterval(timer);
  }
}

import { UserError } from "./errors";

/** Entries on a page; GitHub gives no more. */
const PAGE = 100;

/** An issue, a pull request or a comment, as far as it is looked at here. */
interface Entry {
  id: number;
  number: number;
  title?: string;
  body: string | null;
  /** There where an issue is a pull request. */
  pull_request?: object;
}

/** The repository that a workflow of GitHub Actions runs for. */
export class GitHub {
  readonly #root: string;
  readonly #token: string;

  /**
   * @param env `GITHUB_REPOSITORY` and `GITHUB_API_URL` as the runner sets them, and `GITHUB_TOKEN`
   * @throws UserError naming the variables that are missing
   */
  constructor(env: Record<string, string | undefined> = process.env) {
    const { GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_API_URL = "https://api.github.com" } = env;
    if (!GITHUB_REPOSITORY || !GITHUB_TOKEN) {
      throw new UserError("To write to GitHub, set GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN.");
    }
    this.#root = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}`;
    this.#token = GITHUB_TOKEN;
  }

  /** Writes a comment of a pull request; the one that has been written under this name before is replaced. */
  async comment(pullRequest: number, name: string, text: string): Promise<void> {
    const mark = `<!-- ${name} -->`;
    const body = { body: `${mark}\n${text}` };
    const found = await this.#find(`/issues/${pullRequest}/comments?`, (one) => one.body?.startsWith(mark) ?? false);
    if (found) await this.#call("PATCH", `/issues/comments/${found.id}`, body);
    else await this.#call("POST", `/issues/${pullRequest}/comments`, body);
  }

  /** Opens an issue with this title, or brings the open one up to date. */
  async openIssue(title: string, body: string): Promise<void> {
    const found = await this.#openIssue(title);
    if (found) await this.#call("PATCH", `/issues/${found.number}`, { body });
    else await this.#call("POST", "/issues", { title, body });
  }

  /** Closes the open issue with this title, if there is one. @param reason last comment */
  async closeIssue(title: string, reason: string): Promise<void> {
    const found = await this.#openIssue(title);
    if (!found) return;
    await this.#call("POST", `/issues/${found.number}/comments`, { body: reason });
    await this.#call("PATCH", `/issues/${found.number}`, { state: "closed" });
  }

  async #openIssue(title: string): Promise<Entry | undefined> {
    return await this.#find("/issues?state=open&", (one) => one.title === title && !one.pull_request);
  }

  async #find(path: string, fits: (entry: Entry) => boolean): Promise<Entry | undefined> {
    for (let page = 1; ; page++) {
      const entries = (await this.#call("GET", `${path}per_page=${PAGE}&page=${page}`)) as Entry[];
      const found = entries.find(fits);
      if (found || entries.length < PAGE) return found;
    }
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#root + path, {
      method,
      headers: {
        Accept: "application/vnd.github+json",
        Authorization: `Bearer ${this.#token}`,
        "X-GitHub-Api-Version": "2022-11-28",
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    }).catch((error: Error) => {
      throw new UserError(`GitHub can't be reached (${error.message}).`);
    });
    if (response.ok) return await response.json();
    const remedy = response.status === 403 ? ": the workflow's permissions must let it write there" : "";
    throw new UserError(`GitHub answers ${response.status} to ${method} ${path.split("?")[0]}${remedy}.`);
  }
}

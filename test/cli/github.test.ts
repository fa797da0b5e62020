import { afterEach, beforeEach, expect, it } from "vitest";
import { GitHub } from "../../cli/lib/github";
import { GitHubDouble } from "../support/githubDouble";

let double: GitHubDouble;
let github: GitHub;

beforeEach(async () => {
  double = new GitHubDouble();
  github = new GitHub(await double.start());
});
afterEach(() => double.stop());

it("a comment is written once and then kept up to date, however many others there are", async () => {
  double.comments = Array.from({ length: 100 }, (_, id) => ({ id, body: "a person's" }));
  await github.comment(7, "preview of tokyo2", "first");
  double.comments.push(
    { id: 501, body: "<!-- preview of hongkong -->\n" },
    { id: 502, body: "<!-- preview of tokyo2 -->\nfirst" },
  );
  await github.comment(7, "preview of tokyo2", "second");
  expect(double.written).toEqual([
    { call: "POST /issues/7/comments", body: { body: "<!-- preview of tokyo2 -->\nfirst" } },
    { call: "PATCH /issues/comments/502", body: { body: "<!-- preview of tokyo2 -->\nsecond" } },
  ]);
});

it("an issue is opened, brought up to date, closed; a pull request of the same title is not taken for it", async () => {
  double.issues = [{ number: 1, title: "Drift", pull_request: {} }];
  await github.openIssue("Drift", "text");
  await github.closeIssue("Drift", "none any more");
  double.issues.push({ number: 2, title: "Drift" });
  await github.openIssue("Drift", "newer");
  await github.closeIssue("Drift", "none any more");
  expect(double.written).toEqual([
    { call: "POST /issues", body: { title: "Drift", body: "text" } },
    { call: "PATCH /issues/2", body: { body: "newer" } },
    { call: "POST /issues/2/comments", body: { body: "none any more" } },
    { call: "PATCH /issues/2", body: { state: "closed" } },
  ]);
});

it("what GitHub refuses is said with the remedy", async () => {
  double.status = 403;
  await expect(github.comment(7, "a", "b")).rejects.toThrow(
    "GitHub answers 403 to GET /issues/7/comments: the workflow's permissions must let it write there.",
  );
  expect(() => new GitHub({})).toThrow("To write to GitHub, set GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN.");
});

import { NAMESPACE } from "../../config/parse";
import { UserError } from "./errors";
import { type Answers, QUESTIONS, type Question } from "./regionQuestions";

/** Asks a person one thing and returns the line typed. */
export type Ask = (text: string) => Promise<string>;

/** What {@link regionAnswers} goes by. */
export interface Asking {
  /** What the command line says already, by option. */
  given: Record<string, string | undefined>;
  /** What is wrong with answers, each problem with its key in front. */
  problemsOf: (answers: Answers) => string[];
  /** Asks for the rest. Default: nobody is there, what is not given takes its suggestion. */
  ask?: Ask | undefined;
}

/**
 * The answers to all questions about a new region: from the command line, from a person, or by suggestion.
 * @throws UserError naming the options that are missing or do not fit
 */
export async function regionAnswers({ given, problemsOf, ask }: Asking): Promise<Answers> {
  const answers: Answers = {};
  const missing: string[] = [];
  const used = new Set<string>();
  for (const question of QUESTIONS) {
    if (question.when?.(answers) === false) continue;
    used.add(question.option);
    const answer =
      given[question.option] ??
      (ask ? await askFor(question, answers, problemsOf, ask) : suggestionFor(question, answers));
    if (answer) answers[question.key] = answer;
    else if (!question.optional) missing.push(`--${question.option}: ${question.text} (${question.where})`);
  }
  const useless = Object.keys(given).filter((option) => given[option] !== undefined && !used.has(option));
  if (useless.length > 0)
    throw new UserError(`--${useless[0]} does not go with the other answers: see docs/configuration.md.`, 2);
  if (missing.length > 0) throw new UserError(["These options are missing:", ...missing].join("\n  "), 2);
  return answers;
}

/** Asks until the answer is one that the configuration takes. */
async function askFor(
  question: Question,
  answers: Answers,
  problemsOf: Asking["problemsOf"],
  ask: Ask,
): Promise<string> {
  const { key, text, where, optional } = question;
  const suggestion = suggestionFor(question, answers);
  const prompt = `\n${text}\n  Where: ${where}\n  ${suggestion ? `[${suggestion}]` : optional ? "[none]" : ""}> `;
  for (let said = prompt; ; ) {
    const answer = (await ask(said)).trim() || suggestion || "";
    const problem =
      answer === "" && optional
        ? undefined
        : problemsOf({ ...answers, [key]: answer }).find((one) => isAbout(one, key));
    if (problem === undefined) return answer;
    said = `  ${problem}\n> `;
  }
}

function isAbout(problem: string, key: string): boolean {
  const named = NAMESPACE + key;
  return problem.startsWith(`${named} `) || problem.startsWith(`${named}[`);
}

function suggestionFor({ suggestion }: Question, answers: Answers): string | undefined {
  return typeof suggestion === "function" ? suggestion(answers) : suggestion;
}

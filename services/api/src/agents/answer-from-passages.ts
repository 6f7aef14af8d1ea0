import type { AnswerWriter } from "./answer-writer.ts";
import { extract } from "./extractive.ts";
import { searchSources, type RunContext } from "./run-context.ts";
import { extractiveContinuation, extractiveIntro } from "./wording.ts";

const passagesWanted = 8;

/**
 * Answers without a model: quoted, cited sentences of the passages that fit the question best, or the refusal.
 * Continues what a failed model had already been allowed to say.
 * @returns whether anything was found
 */
export async function answerFromPassages(run: RunContext, writer: AnswerWriter): Promise<boolean> {
  if (run.sources.all().length === 0) await searchSources(run, run.question, passagesWanted);
  const already = new Set(writer.citations.map(({ id }) => id));
  const extracts = extract(run.question, run.language, run.sources.all()).filter(
    ({ source }) => !already.has(source.id),
  );
  if (extracts.length === 0) {
    if (writer.text === "") writer.say(run.agent.refusal[run.language]);
    return writer.citations.length > 0;
  }
  const intro = writer.text === "" ? extractiveIntro : extractiveContinuation;
  writer.say(`${intro[run.language]}\n`);
  extracts.forEach((each) => writer.quote(each));
  return true;
}

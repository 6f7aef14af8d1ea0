import type { Citation } from "./agent.ts";
import { toCitation } from "./citations.ts";
import { bestQuote, type Extract } from "./extractive.ts";
import type { RunContext } from "./run-context.ts";
import type { Source } from "./sources.ts";
import { createSentenceSplitter } from "./text/sentences.ts";
import { findUrls, removeForeignLinks } from "./verify/links.ts";
import { isRefusal, verifySentence } from "./verify/sentence.ts";

/**
 * The one way words reach the caller. Text of a model is held back until a sentence is whole, verified against the
 * sources, and only then sent: a stream never shows a sentence that would be taken back.
 */
export interface AnswerWriter {
  /** Text of a model as it comes. */
  write(text: string): void;
  /** The model's turn has ended: verifies what is still held back. */
  flush(): void;
  /** The model's turn was cut: drops the half sentence held back. */
  discard(): void;
  /** Own words of the platform, such as a refusal: not verified, no sources. */
  say(text: string): void;
  /** Words of a source, quoted and cited. */
  quote(extract: Extract): void;
  readonly text: string;
  readonly citations: readonly Citation[];
  readonly cited: readonly Source[];
  readonly removed: number;
  /** Whether the model said that the sources hold no answer. */
  readonly refused: boolean;
}

export function createAnswerWriter(run: RunContext): AnswerWriter {
  const splitter = createSentenceSplitter();
  const cited = new Map<number, { source: Source; citation: Citation }>();
  let text = "";
  let removed = 0;
  let refused = false;
  /** Headings and lead-ins wait for a sentence they lead to; without one they are dropped. */
  let leadIn = "";

  const cite = (source: Source, quote: string) => {
    if (cited.has(source.id)) return;
    const citation = toCitation(source, quote);
    cited.set(source.id, { source, citation });
    run.emit({ type: "citation", data: citation });
  };
  const send = (piece: string) => {
    if (piece === "") return;
    text += piece;
    run.emit({ type: "delta", data: { text: piece } });
  };
  const judge = (sentence: string) => {
    if (isRefusal(sentence, run.agent.refusal)) {
      refused = true;
      return;
    }
    const verdict = verifySentence(sentence, run.sources, run.question);
    if (verdict.kind === "lead-in") leadIn += sentence;
    if (verdict.kind === "removed") {
      removed += 1;
      leadIn = "";
    }
    if (verdict.kind !== "kept") return;
    for (const source of verdict.cited) cite(source, bestQuote(source, verdict.text));
    send(text === "" ? (leadIn + verdict.text).trimStart() : leadIn + verdict.text);
    leadIn = "";
  };

  return {
    write: (piece) => splitter.push(piece).forEach(judge),
    flush() {
      splitter.end().forEach(judge);
      leadIn = "";
    },
    discard() {
      splitter.end();
      leadIn = "";
    },
    say: (words) => send(text === "" ? words : `${text.endsWith("\n") ? "" : "\n\n"}${words}`),
    quote(extract) {
      const { source, quote, shown } = extract;
      cite(source, quote);
      const harmless = removeForeignLinks(shown, new Set(findUrls(source.passage.text)));
      send(`${text === "" || text.endsWith("\n") ? "" : "\n"}- ${harmless} [${source.id}]`);
    },
    get text() {
      return text;
    },
    get citations() {
      return [...cited.values()].map(({ citation }) => citation).sort((a, b) => a.id - b.id);
    },
    get cited() {
      return [...cited.values()].map(({ source }) => source);
    },
    get removed() {
      return removed;
    },
    get refused() {
      return refused;
    },
  };
}

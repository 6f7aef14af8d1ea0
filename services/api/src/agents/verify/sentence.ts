import type { Passage } from "@ai-platform/core/access/retriever.ts";
import { foldText } from "@ai-platform/core/vector/fold.ts";
import type { Wording } from "../agent.ts";
import type { Source, SourceBook } from "../sources.ts";
import { fold } from "../text/fold.ts";
import { contentStems } from "../text/words.ts";
import { findUrls, removeForeignLinks } from "./links.ts";
import { articleId, findReferences } from "./references.ts";

export type RemovalReason = "unknown-citation" | "no-source" | "quote" | "reference" | "figure";

export type Verdict =
  /** Layout, headings and "as follows:": claims nothing, sent only with what it leads to. */
  | { readonly kind: "lead-in" }
  | { readonly kind: "kept"; readonly text: string; readonly cited: readonly Source[] }
  | { readonly kind: "removed"; readonly reason: RemovalReason };

const citationMark = /\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g;
const quotation = /«([^»]*)(?:»|$)|“([^”]*)(?:”|$)|"([^"]*)(?:"|$)/g;
/** Share of a sentence's words that one passage must hold for the sentence to be ascribed to it. */
const ascribedFrom = 0.7;
const longestLeadIn = 120;

const removed = (reason: RemovalReason): Verdict => ({ kind: "removed", reason });

/** All that a passage says of itself. */
const wholeText = ({ title, headingPath, text, meta }: Passage) =>
  [title, ...headingPath, meta.lawTitle, meta.promulgation, meta.law && `loi n° ${meta.law}`, text]
    .filter(Boolean)
    .join("\n");

/** Figures of two digits or more, without the separators of thousands. Smaller ones are too often written as words. */
function figures(text: string): string[] {
  const joined = fold(text).replace(/(\d)[ .,\u202f](?=\d{3}(?!\d))/g, "$1");
  return (joined.match(/\d+/g) ?? []).filter((figure) => figure.length > 1);
}

function quotesHold(text: string, sources: readonly Source[], question: string): boolean {
  const said = [...sources.map(({ passage }) => wholeText(passage)), question].map((each) => ` ${foldText(each)} `);
  return [...text.matchAll(quotation)].every((match) => {
    const parts = (match[1] ?? match[2] ?? match[3] ?? "").split(/\[?(?:…|\.\.\.)\]?/);
    return parts.every((part) => {
      const words = foldText(part);
      return words === "" || said.some((source) => source.includes(` ${words} `));
    });
  });
}

function referencesHold(text: string, sources: readonly Source[]): boolean {
  const named = findReferences(text);
  if (named.malformed) return false;
  const held = sources.map(({ passage }) => {
    const { laws, articles } = findReferences(wholeText(passage));
    const { law, article } = passage.meta;
    return {
      laws: new Set([...laws, ...(law ? [law.replaceAll(".", "-")] : [])]),
      articles: new Set([...articles, ...(article ? [articleId(article)] : [])]),
    };
  });
  return (
    named.laws.every((law) => held.some(({ laws }) => laws.has(law))) &&
    // An article counts only in a passage of a law the sentence names, where it names one.
    named.articles.every((article) =>
      held.some(
        ({ laws, articles }) =>
          articles.has(article) && (named.laws.length === 0 || named.laws.some((law) => laws.has(law))),
      ),
    )
  );
}

function figuresHold(text: string, sources: readonly Source[], question: string): boolean {
  const known = new Set([...sources.flatMap(({ passage }) => figures(wholeText(passage))), ...figures(question)]);
  const articles = new Set(findReferences(text).articles);
  return figures(text).every((figure) => known.has(figure) || articles.has(figure));
}

/** The passage that says what an uncited sentence says, if one clearly does. */
function ascribe(text: string, sources: readonly Source[]): Source | undefined {
  const stems = [...contentStems(text)];
  if (stems.length < 3) return undefined;
  const scored = sources.map((source) => {
    const held = contentStems(wholeText(source.passage));
    return { source, share: stems.filter((stem) => held.has(stem)).length / stems.length };
  });
  const best = scored.sort((a, b) => b.share - a.share)[0];
  return best && best.share >= ascribedFrom ? best.source : undefined;
}

function isLeadIn(text: string): boolean {
  const bare = text.trim();
  if (/^(?:\d{1,2}[.)])?[\s\-*•#_|:>]*$/.test(bare)) return true;
  const announces = /[:：]\s*[*_]*$/.test(bare) || bare.startsWith("#") || /^\*\*[^*]+\*\*$/.test(bare);
  return announces && bare.length <= longestLeadIn && figures(bare).length === 0 && findUrls(bare).length === 0;
}

/** `[1, 2]` as `[1][2]`: one form for whoever shows the answer. */
const markEach = (_: string, ids: string) =>
  ids
    .split(/[,;]/)
    .map((id) => `[${id.trim()}]`)
    .join("");

/** Cites right before the sentence's closing mark and blanks. */
const withCitation = (text: string, id: number) => text.replace(/([.!?؟…]*)(\s*)$/u, ` [${String(id)}]$1$2`);

/**
 * Judges one sentence of a model against the sources: every number it cites was retrieved, what it quotes stands
 * there, laws, articles and figures occur there. A sentence without a citation is ascribed to the passage that says
 * the same, or removed.
 */
export function verifySentence(sentence: string, book: SourceBook, question: string): Verdict {
  const sources = book.all();
  const ids = [...sentence.matchAll(citationMark)].flatMap((match) => (match[1] ?? "").split(/[,;]/).map(Number));
  const named = [...new Set(ids)].map((id) => book.get(id));
  if (named.includes(undefined)) return removed("unknown-citation");
  const bare = sentence.replace(citationMark, "");
  const { malformed, laws, articles } = findReferences(bare);
  if (ids.length === 0 && !malformed && laws.length + articles.length === 0 && isLeadIn(bare))
    return { kind: "lead-in" };
  const ascribed = ids.length === 0 ? ascribe(bare, sources) : undefined;
  const cited = ascribed ? [ascribed] : named.filter((source) => source !== undefined);
  if (cited.length === 0 || contentStems(bare).size === 0) return removed("no-source");
  if (!quotesHold(bare, cited, question)) return removed("quote");
  if (!referencesHold(bare, cited)) return removed("reference");
  if (!figuresHold(bare, cited, question)) return removed("figure");
  const allowed = new Set(cited.flatMap(({ passage }) => [...findUrls(passage.text), ...findUrls(passage.source)]));
  const text = removeForeignLinks(sentence.replace(citationMark, markEach), allowed);
  if (contentStems(text.replace(citationMark, "")).size === 0) return removed("no-source");
  return { kind: "kept", text: ascribed ? withCitation(text, ascribed.id) : text, cited };
}

/** Whether a sentence is the agent's agreed way to say that nothing was found. */
export function isRefusal(sentence: string, refusal: Wording): boolean {
  const said = foldText(sentence.replace(citationMark, ""));
  return said !== "" && Object.values(refusal).some((wording) => foldText(wording) === said);
}

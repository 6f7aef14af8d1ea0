import { ask } from "./api.js";
import { showPassage } from "./documents.js";
import { byId, el } from "./dom.js";
import { renderAnswer } from "./markup.js";

/** Earlier turns sent along, so that "and for trainees?" is understood. */
const remembered = 6;

const degradations = {
  "no-model": "No model is connected: these are the passages that answer, in their own words.",
  unverified: "The model's wording did not stand up to the sources: these are the passages themselves.",
};

let agent;
let turns = [];
let running;

/** Starts an empty conversation with an agent. */
export function startConversation(chosen) {
  running?.abort();
  agent = chosen;
  turns = [];
  const suggestions = agent.suggestions.map((text) =>
    el("button", { type: "button", dir: "auto", onclick: () => void submit(text) }, text),
  );
  byId("conversation").replaceChildren(
    el(
      "div",
      { class: "welcome" },
      el("h2", {}, agent.title),
      el("p", { class: "hint" }, agent.description),
      el("div", { class: "suggestions" }, ...suggestions),
    ),
  );
}

async function submit(question) {
  if (running || question.trim() === "") return;
  running = new AbortController();
  setBusy(true);
  const turn = showTurn(question);
  const conversation = turns.slice(-remembered);
  try {
    const answer = await receive(turn, { question, ...(conversation.length > 0 ? { conversation } : {}) });
    turns.push({ role: "user", content: question }, { role: "assistant", content: answer.slice(0, 4000) });
    byId("status").textContent = "The answer is complete.";
  } catch (error) {
    const text = running.signal.aborted ? "Stopped." : `This could not be answered: ${error.message}`;
    turn.notes.append(el("p", { class: "note warn" }, text));
    byId("status").textContent = text;
  } finally {
    turn.body.classList.remove("busy");
    running = undefined;
    setBusy(false);
  }
}

/** Draws the answer as it comes. A stream that ends without `done` is a failure, never a short answer. */
async function receive(turn, body) {
  let draft = "";
  const cited = new Map();
  for await (const { event, data } of ask(agent.name, body, running.signal)) {
    if (event === "delta") {
      draft += data.text;
      turn.body.replaceChildren(...renderAnswer(draft, markers(cited)));
    } else if (event === "citation") {
      cited.set(data.id, data);
    } else if (event === "tool.call") {
      turn.progress.textContent = "Searching the documents…";
    } else if (event === "error") {
      throw new Error(data.detail ?? data.title);
    } else if (event === "done") {
      showAnswer(turn, data);
      return data.answer;
    }
    follow();
  }
  throw new Error("the connection was cut before the answer was complete.");
}

function showTurn(question) {
  byId("conversation").querySelector(".welcome")?.remove();
  const progress = el("p", { class: "agent-name" }, agent.title);
  const body = el("div", { class: "busy", dir: "auto" });
  const notes = el("div");
  byId("conversation").append(
    el(
      "section",
      { class: "turn" },
      el("p", { class: "question", dir: "auto" }, question),
      el("article", { class: "answer" }, progress, body, notes),
    ),
  );
  byId("status").textContent = "Working on the answer.";
  follow();
  return { progress, body, notes };
}

function showAnswer({ progress, body, notes }, answer) {
  progress.textContent = agent.title;
  const cited = new Map(answer.citations.map((citation) => [citation.id, citation]));
  body.replaceChildren(...renderAnswer(answer.answer, markers(cited)));
  if (answer.citations.length > 0) notes.append(sourceList(answer.citations));
  if (answer.degraded) notes.append(el("p", { class: "note" }, degradations[answer.degraded]));
  if (answer.incomplete)
    notes.append(
      el(
        "p",
        { class: "note warn" },
        `The answer is incomplete: the limit on ${answer.incomplete.reason} was reached.`,
      ),
    );
  if (answer.disclaimer) notes.append(el("p", { class: "note", dir: "auto" }, answer.disclaimer));
}

/** Makes the button of `[1]` in an answer. */
function markers(cited) {
  return (id) => {
    const citation = cited.get(id);
    return citation && citationButton("cite", citation, `Source ${id}: ${citation.title}`, String(id));
  };
}

function sourceList(citations) {
  const items = citations.map((citation) => {
    const place = citation.citation ?? placeOf(citation);
    const text = el("span", { dir: "auto" }, citation.title, el("small", { dir: "auto" }, place));
    return el("li", {}, citationButton("source", citation, undefined, el("b", {}, String(citation.id)), text));
  });
  return el("div", { class: "sources" }, el("h3", {}, "Sources"), el("ol", {}, ...items));
}

function placeOf({ title, page, heading }) {
  return [page ? `p. ${page}` : "", heading === title ? "" : heading].filter(Boolean).join(" · ");
}

function citationButton(style, citation, label, ...content) {
  const onclick = (event) => void showPassage(event.currentTarget, citation);
  return el("button", { type: "button", class: style, "aria-label": label, onclick }, ...content);
}

function follow() {
  byId("conversation").scrollTop = byId("conversation").scrollHeight;
}

function setBusy(busy) {
  byId("send").hidden = busy;
  byId("stop").hidden = !busy;
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) return;
  const question = byId("question").value;
  byId("question").value = "";
  void submit(question);
});
byId("question").addEventListener("keydown", (event) => {
  // While an input method composes a character, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("ask").requestSubmit();
});
byId("stop").addEventListener("click", () => running?.abort());

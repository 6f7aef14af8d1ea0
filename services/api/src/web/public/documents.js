import { getJson, postForm } from "./api.js";
import { byId, el } from "./dom.js";
import { openPanel } from "./panel.js";
import { renderPassage } from "./passage.js";

const levels = ["public", "internal", "confidential", "restricted"];

/** Opens the passage an answer cites, with the words of the document around it. */
export async function showPassage(from, citation) {
  const facts = factList({
    Reference: citation.citation,
    Section: citation.heading === citation.title ? undefined : citation.heading,
    Page: citation.page,
    Source: citation.source,
  });
  await showText(from, citation.title, citation.documentId, facts, citation);
}

async function showDocument(from, document) {
  const facts = factList({
    Department: document.department,
    Level: levels[document.level],
    Source: document.source,
  });
  await showText(from, document.title, document.id, facts);
}

async function showText(from, title, documentId, facts, citation) {
  let content;
  try {
    const { passages } = await getJson(`/documents/${encodeURIComponent(documentId)}?limit=500`);
    content = passages.flatMap((passage, index) => {
      const heading = passage.headingPath.at(-1);
      const isNew = heading && heading !== title && heading !== passages[index - 1]?.headingPath.at(-1);
      return [...(isNew ? [el("h3", { dir: "auto" }, heading)] : []), passageBox(passage, citation)];
    });
  } catch (error) {
    content = [el("p", { class: "error", role: "alert" }, error.message)];
  }
  openPanel(from, title, facts, ...content);
  const cited = byId("panel-body").querySelector("mark") ?? byId("panel-body").querySelector(".cited");
  cited?.scrollIntoView({ block: "center" });
}

function passageBox({ chunkId, language, text }, citation) {
  const cited = chunkId === citation?.chunkId;
  const style = cited ? "passage cited" : "passage";
  return el("div", { class: style, dir: "auto", lang: language }, ...renderPassage(text, cited ? citation.quote : ""));
}

function factList(facts) {
  const rows = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return el(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, String(value))]),
  );
}

/**
 * Lists what the signed-in person may read, with a form to add documents for those who may.
 * @param {HTMLElement} from
 * @param {readonly string[]} writable departments the person may add documents to
 */
export async function showDocuments(from, writable) {
  const list = el("ul", { class: "documents" });
  const form = writable.length > 0 ? [uploadForm(writable, () => void fillList(list))] : [];
  await fillList(list);
  openPanel(from, "Documents you may read", ...form, list);
}

async function fillList(list) {
  try {
    const { documents } = await getJson("/documents?limit=200");
    const items = documents.map((document) => {
      const facts = `${document.department} · ${levels[document.level]} · ${document.language}`;
      const onclick = (event) => void showDocument(event.currentTarget, document);
      return el(
        "li",
        {},
        el("button", { type: "button", onclick }, el("span", { dir: "auto" }, document.title), el("small", {}, facts)),
      );
    });
    list.replaceChildren(...(items.length > 0 ? items : [el("li", { class: "hint" }, "None yet.")]));
  } catch (error) {
    list.replaceChildren(el("li", { class: "error", role: "alert" }, error.message));
  }
}

function uploadForm(writable, onDone) {
  const progress = el("progress", { max: 1, hidden: true, "aria-label": "Indexing" });
  const outcome = el("p", { class: "hint", role: "status" });
  const option = (value, text = value) => el("option", { value }, text);
  const form = el(
    "form",
    { class: "upload", onsubmit: (event) => void submit(event) },
    el("h3", {}, "Add a document"),
    el("label", { for: "upload-file" }, "File (PDF, Markdown, text or HTML)"),
    el("input", { id: "upload-file", name: "file", type: "file", accept: ".pdf,.md,.txt,.html,.htm", required: true }),
    el("label", { for: "upload-department" }, "Owning department"),
    el("select", { id: "upload-department", name: "department" }, ...writable.map((code) => option(code))),
    el("label", { for: "upload-readers" }, "Who may read it"),
    el(
      "select",
      { id: "upload-readers" },
      option("department", "The owning department"),
      option("tenant:all", "Everybody"),
    ),
    el("label", { for: "upload-level" }, "Level"),
    el("select", { id: "upload-level" }, ...levels.map((name, level) => option(level, `${level} ${name}`))),
    el("button", { type: "submit", class: "primary" }, "Add"),
    progress,
    outcome,
  );

  async function submit(event) {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    progress.hidden = false;
    outcome.className = "hint";
    outcome.textContent = "Sending…";
    try {
      const job = await follow(await postForm("/documents", toBody(form)), outcome, progress);
      if (job.status !== "done") throw new Error(job.problem?.detail ?? `the job ended as ${job.status}`);
      outcome.textContent = "Added: it can be asked about now.";
      form.reset();
      onDone();
    } catch (error) {
      outcome.className = "error";
      outcome.textContent = `Not added: ${error.message}`;
    } finally {
      progress.hidden = true;
      button.disabled = false;
    }
  }
  return form;
}

/** Fields first: the server checks the rights before it reads the file. */
function toBody(form) {
  const department = form.querySelector("#upload-department").value;
  const readers = form.querySelector("#upload-readers").value;
  const body = new FormData();
  body.set("department", department);
  body.set("allow", readers === "department" ? `department:${department}` : readers);
  body.set("level", form.querySelector("#upload-level").value);
  body.set("file", form.querySelector("#upload-file").files[0]);
  return body;
}

const stages = ["fetch", "parse", "chunk", "embed", "index", "publish"];

async function follow({ jobId }, outcome, progress) {
  for (;;) {
    const job = await getJson(`/documents/jobs/${encodeURIComponent(jobId)}`);
    if (job.status !== "queued" && job.status !== "running") return job;
    progress.value = (stages.indexOf(job.stage) + 1) / (stages.length + 1);
    outcome.textContent = `${job.status}: ${job.stage}…`;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

import { getJson, signIn, signOut } from "./api.js";
import { startConversation } from "./chat.js";
import { showDocuments } from "./documents.js";
import { byId, el } from "./dom.js";
import { closePanel } from "./panel.js";

/** First questions, so that an empty page is not a riddle. */
const suggestions = {
  hr: [
    "Combien de jours de congé ai-je par an ?",
    "Le télétravail depuis l'étranger est-il permis ?",
    "كم مدة إجازة الأمومة؟",
  ],
  it: [
    "Le VPN affiche AUTH_FAILED, que faire ?",
    "Comment restaurer PostgreSQL ?",
    "ماذا أفعل إذا ظهرت الرسالة NO_SECOND_FACTOR؟",
  ],
  legal: [
    "Quelles sont les fautes graves du salarié ?",
    "Quelle est la durée de la période d'essai d'un cadre ?",
    "ما هي مدة إجازة الولادة؟",
  ],
};

let me;

async function enter() {
  const [account, { agents }] = await Promise.all([getJson("/me"), getJson("/agents?language=en")]);
  me = account;
  byId("who").textContent = me.displayName;
  const own = agents.find(({ name }) => name === me.department) ?? agents[0];
  byId("agents").replaceChildren(...agents.map((agent) => agentChoice(agent, agent === own)));
  show(true);
  choose(own);
}

function agentChoice(agent, checked) {
  const input = el("input", { type: "radio", name: "agent", value: agent.name, onchange: () => choose(agent) });
  input.checked = checked;
  return el("label", {}, input, agent.title);
}

function choose(agent) {
  startConversation({ ...agent, suggestions: suggestions[agent.name] ?? [] });
  byId("question").placeholder = `Ask ${agent.title}`;
}

function leave() {
  closePanel();
  byId("conversation").replaceChildren();
  byId("panel-body").replaceChildren();
  show(false);
  byId("username").focus();
}

function show(signedIn) {
  byId("sign-in").hidden = signedIn;
  byId("workplace").hidden = !signedIn;
  byId("account").hidden = !signedIn;
  if (signedIn) byId("question").focus();
}

byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void submitSignIn();
});

async function submitSignIn() {
  const button = byId("sign-in-form").querySelector("button");
  const problem = byId("sign-in-error");
  button.disabled = true;
  problem.textContent = "";
  try {
    await signIn(byId("username").value.trim(), byId("password").value);
    byId("sign-in-form").reset();
    await enter();
  } catch (error) {
    problem.textContent = error.message;
    byId("password").focus();
  } finally {
    button.disabled = false;
  }
}

byId("sign-out").addEventListener("click", () => {
  void signOut();
  leave();
});
byId("show-documents").addEventListener("click", (event) => {
  void showDocuments(event.currentTarget, writableDepartments(me));
});
/** Departments a person may add documents to; `*` is all of them, of which the page offers their own. */
function writableDepartments({ roles, department }) {
  const held = roles.filter(({ role }) => role === "editor" || role === "service");
  return [...new Set(held.map((grant) => (grant.department === "*" ? department : grant.department)))].sort();
}

addEventListener("signed-out", leave);
byId("username").focus();

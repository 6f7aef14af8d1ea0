import { byId } from "./dom.js";

let opener;

/**
 * Shows content beside the conversation and moves the focus there; closing gives the focus back.
 * @param {HTMLElement} from the control that asked for it
 * @param {string} title
 * @param {...Node} content
 */
export function openPanel(from, title, ...content) {
  // A document opened from the list in the panel goes back to what had opened the list.
  if (!byId("panel").contains(from)) setOpener(from);
  byId("panel-title").textContent = title;
  byId("panel-body").replaceChildren(...content);
  byId("panel-body").scrollTop = 0;
  byId("panel").hidden = false;
  byId("panel-title").focus();
}

export function closePanel() {
  if (byId("panel").hidden) return;
  byId("panel").hidden = true;
  opener?.focus();
  setOpener(undefined);
}

function setOpener(element) {
  opener?.removeAttribute("aria-expanded");
  opener = element;
  opener?.setAttribute("aria-expanded", "true");
}

byId("close-panel").addEventListener("click", closePanel);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closePanel();
});

/** The element with an id; the page is broken without it, so it throws. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`#${id} is missing`);
  return element;
}

/**
 * Makes an element. Strings become text nodes and never markup: what a model or a document says is only ever shown.
 * @param {string} tag
 * @param {Record<string, unknown>} attributes `on…` are listeners, `true` is an empty attribute, `undefined` is left out
 * @param {...(Node | string)} children
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

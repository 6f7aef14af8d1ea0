const opening = "<think>";
const closing = "</think>";

/** Length of the end of `text` that could be the start of `tag`. */
function heldBack(text: string, tag: string): number {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length--) {
    if (text.endsWith(tag.slice(0, length))) return length;
  }
  return 0;
}

/**
 * Takes the thinking that models such as DeepSeek-R1 put between `<think>` tags out of a stream of text, wherever the
 * stream is cut. Returns the function to pass each piece through.
 */
export function createReasoningFilter(): (piece: string) => string {
  let held = "";
  let thinking = false;
  return (piece) => {
    held += piece;
    let out = "";
    for (;;) {
      const tag = thinking ? closing : opening;
      const at = held.indexOf(tag);
      const end = at < 0 ? held.length - heldBack(held, tag) : at;
      if (!thinking) out += held.slice(0, end);
      held = held.slice(at < 0 ? end : at + tag.length);
      if (at < 0) return out;
      thinking = !thinking;
    }
  };
}

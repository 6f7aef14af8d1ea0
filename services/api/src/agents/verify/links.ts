const url =
  /(?:[a-z][a-z0-9+.-]*:)?\/\/[^\s<>"'`)\]]+|www\.[^\s<>"'`)\]]+|\b(?:data|javascript|mailto):[^\s<>"'`)\]]+/giu;
const image = /!\[([^\]]*)\](?:\([^)]*\)?|\[[^\]]*\])?/gu;
const link = /\[([^\]]*)\]\(\s*<?([^\s)>]*)>?[^)]*\)/gu;
const definition = /^\s*\[[^\]]+\]:.*$/gmu;
/** Elements that load or lead somewhere; other angle brackets are placeholders such as `<user>`. */
const html =
  /<\/?(?:a|area|audio|base|button|embed|form|iframe|image|img|input|link|math|meta|object|picture|script|source|style|svg|track|video)\b[^>]*>?/giu;
const trailing = /[.,;:!?]+$/u;

/** Addresses a text holds, without the punctuation that follows them. */
export function findUrls(text: string): string[] {
  return [...text.matchAll(url)].map(([found]) => found.replace(trailing, ""));
}

/**
 * Takes out of an answer what could carry data away or load something when shown: images and HTML always, links and
 * addresses unless the very address stands in the sources.
 * @param allowed addresses in the sources, as {@link findUrls} finds them
 */
export function removeForeignLinks(text: string, allowed: ReadonlySet<string>): string {
  return (
    text
      .replace(image, "$1")
      .replace(definition, "")
      .replace(html, "")
      .replace(link, (whole, label: string, target: string) => (allowed.has(target) ? whole : label))
      .replace(url, (found) => {
        const address = found.replace(trailing, "");
        return allowed.has(address) ? found : found.slice(address.length);
      })
      // Half a link, as left when a sentence ends inside it, must not become whole again.
      .replace(/\]\((?!([a-z][a-z0-9+.-]*:)?\/\/)/giu, "] (")
  );
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findUrls, removeForeignLinks } from "@ai-platform/api/agents/verify/links.ts";

const known = "https://portail.atlas.example/rh";
const clean = (text: string) => removeForeignLinks(text, new Set([known]));

describe("links in an answer", () => {
  it.each([
    [`Voir ${known}.`, `Voir ${known}.`],
    [`Voir [le portail](${known}) [1].`, `Voir [le portail](${known}) [1].`],
    ["Voir [ici](https://evil.example/?q=salaire) [1].", "Voir ici [1]."],
    ["![x](https://evil.example/p.png?d=1) Bonjour", "x Bonjour"],
    [`![x](${known})`, "x"],
    ["Allez sur https://evil.example/a?b=c, vite.", "Allez sur , vite."],
    ["[x](//evil.example/a)", "x"],
    ["[x](/logout)", "x"],
    ["[x](javascript:alert(1))", "x)"],
    ["<img src=https://evil.example/a> oui", " oui"],
    ["ssh <utilisateur>@serveur", "ssh <utilisateur>@serveur"],
    ["[a]: https://evil.example", ""],
    ["www.evil.example/x", ""],
    [`${known}?q=secret`, ""],
  ])("%j becomes %j", (text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  const parts = fc.constantFrom(
    "[x]",
    "(",
    ")",
    "![",
    "]",
    "](",
    "https://evil.example/",
    "//evil.example",
    known,
    "?q=1",
    " ",
    "<img src=",
    "<",
    ">",
    "a",
    "[1]",
    "\n",
    "www.evil.example",
    "data:text/html,x",
  );
  const texts = fc.array(parts, { maxLength: 12 }).map((all) => all.join(""));

  it("leaves no address that is not in the sources, and no image", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const left = clean(text);
        expect(findUrls(left).filter((url) => url !== known)).toEqual([]);
        expect(left).not.toMatch(/!\[[^\]]*\]\(|<img|evil\.example/);
      }),
      { numRuns: 2_000 },
    );
  });

  it("leaves no link when two sentences are joined again", () => {
    fc.assert(
      fc.property(texts, texts, (one, two) => {
        expect(clean(one) + clean(two)).not.toMatch(/\]\((?!https:\/\/portail\.atlas\.example\/rh)[^)]*evil/);
      }),
      { numRuns: 1_000 },
    );
  });
});

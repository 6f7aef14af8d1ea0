import { z } from "zod";
import { legalCitation } from "../citations.ts";
import type { Source } from "../sources.ts";

/** Passages as the model gets them: with the number to cite them by, and without ids it could misuse. */
export const passagesSchema = z.object({
  passages: z.array(
    z.object({
      /** Number to cite. */
      id: z.int(),
      title: z.string(),
      heading: z.string(),
      citation: z.string().optional(),
      /** Place in the document, from 0. */
      part: z.int(),
      text: z.string(),
    }),
  ),
});

export function toPassages(sources: readonly Source[]): z.input<typeof passagesSchema> {
  return {
    passages: sources.map(({ id, passage }) => ({
      id,
      title: passage.title,
      heading: passage.headingPath.join(" › "),
      citation: legalCitation(passage),
      part: passage.ordinal,
      text: passage.text,
    })),
  };
}

export const passageIds = ({ passages }: z.output<typeof passagesSchema>): number[] => passages.map(({ id }) => id);

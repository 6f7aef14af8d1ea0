/** Turns text into unit vectors through TEI or any OpenAI-compatible `/v1/embeddings`. */
export interface Embedder {
  /** Model and revision, stored with the index: another one blocks queries instead of mixing spaces. */
  readonly model: string;
  readonly dimensions: number;
  /** One vector per text, in order; batches and backs off by itself. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<number[][]>;
}

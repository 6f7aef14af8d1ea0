import type OpenAI from "openai";
import { z } from "zod";
import type { VerifiedCaller } from "../identity/caller.ts";

/** Roles a model is asked for by; which model serves a role is the deployment's business. */
export const modelRoles = ["chat", "coding", "fast"] as const;
export type ModelRole = (typeof modelRoles)[number];

/** A role the gateway may serve beside those agents use, such as `embedding` or `rerank`. */
export const modelRoleSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes");

/** A chat-completions endpoint with the model name that serves each role. */
export interface ModelEndpoint {
  /** Shown on the start screen and in `/health`: address without credentials. */
  readonly description: string;
  readonly client: OpenAI;
  /** Model name to send for a role. */
  modelFor(role: ModelRole): string;
  /** US dollars per token; 0 where nothing is known, so that the ledger shows the gap. */
  readonly price: { readonly prompt: number; readonly completion: number };
  /**
   * The endpoint as one caller's agent uses it. A model gateway needs to know for whom it works, and books the calls
   * itself. @default the endpoint serves everybody alike and the caller's calls are booked here
   */
  readonly onBehalfOf?: (caller: VerifiedCaller, agent: string) => ModelEndpoint;
}

/** The model server in use: it may come and go while the platform runs. */
export interface ModelSource {
  /** `undefined` while none is reachable. */
  current(): ModelEndpoint | undefined;
}

/** Caps of one run. Reaching one ends the run with a typed `incomplete`, never in silence. */
export interface RunLimits {
  /** Model calls. */
  readonly steps: number;
  /** Milliseconds for the whole run. */
  readonly wallTime: number;
  readonly toolCalls: number;
  /** How often the same call with the same arguments is carried out. */
  readonly identicalCalls: number;
  /** Tokens over all calls of the run. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** US dollars, reserved before each call and settled after it. */
  readonly cost: number;
  /** Completion tokens of a single call. */
  readonly completionTokensPerCall: number;
}

export const defaultLimits: RunLimits = {
  steps: 8,
  wallTime: 180_000,
  toolCalls: 16,
  identicalCalls: 2,
  promptTokens: 100_000,
  completionTokens: 8_000,
  cost: 0.5,
  completionTokensPerCall: 1_500,
};

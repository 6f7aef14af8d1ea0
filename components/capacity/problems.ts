/** One thing wrong with the fleet that was asked for. */
export interface FleetProblem {
  /** Path in the configuration, e.g. `roles.chat.context`. */
  readonly field: string;
  /** What was given, what is allowed, and what would mend it. */
  readonly message: string;
}

/** The fleet cannot be built as asked; carries every problem found, one per line of the message. */
export class FleetError extends Error {
  override readonly name = "FleetError";
  readonly problems: readonly FleetProblem[];

  constructor(problems: readonly FleetProblem[]) {
    super(problems.map(({ field, message }) => `\`${field}\`: ${message}`).join("\n"));
    this.problems = problems;
  }
}

/** "a, b, c" in a stable order, for messages. */
export function listNames(names: Iterable<string>): string {
  return [...names].sort().join(", ") || "(none)";
}

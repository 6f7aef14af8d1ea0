/** What was paid, what was booked, and what ran idle. US dollars. */
export interface Reconciliation {
  readonly bill: number;
  readonly booked: number;
  readonly idle: number;
  /** bill - booked - idle: 0 where everything is explained. */
  readonly unexplained: number;
  readonly balanced: boolean;
}

/** Share of the bill that may stay unexplained. */
export const tolerance = 0.01;

/**
 * Compares what departments were charged with what the machines cost.
 * @param idle measured cost of idle time; without it, idle is whatever of the bill was not booked, and only
 * over-booking (prices above cost) can be found
 */
export function reconcile(bill: number, booked: number, idle?: number): Reconciliation {
  const counted = idle ?? Math.max(0, bill - booked);
  const unexplained = bill - booked - counted;
  return { bill, booked, idle: counted, unexplained, balanced: Math.abs(unexplained) <= bill * tolerance };
}

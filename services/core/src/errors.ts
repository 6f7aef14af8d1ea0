/**
 * Every error a caller can see, by stable code: HTTP status and title.
 * Served as RFC 9457 problem documents with `type: urn:ai-platform:problem:<code>`.
 */
export const problemTable = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "invalid-grant": { status: 400, title: "The credentials or the token are not valid" },
  "unsupported-grant": { status: 400, title: "This grant type is not offered" },
  unauthenticated: { status: 401, title: "Sign in or send an API key" },
  forbidden: { status: 403, title: "You may not do this" },
  "not-found": { status: 404, title: "There is no such thing, or you may not see it" },
  conflict: { status: 409, title: "This conflicts with what is there" },
  "too-large": { status: 413, title: "This is larger than allowed" },
  "unsupported-media": { status: 415, title: "This kind of file is not read" },
  "unreadable-document": { status: 422, title: "The document cannot be read" },
  "source-refused": { status: 422, title: "The source may not be read" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  "budget-exceeded": { status: 429, title: "The budget is used up" },
  internal: { status: 500, title: "Something failed on our side" },
  unavailable: { status: 503, title: "A part the platform needs does not answer" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problemTable;

/** One thing wrong with the input: where, and what would be right. */
export interface FieldError {
  /** JSON pointer, query name or CLI flag. */
  readonly field: string;
  readonly message: string;
}

/** RFC 9457 problem document. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly requestId?: string;
}

export interface ProblemOptions extends ErrorOptions {
  readonly errors?: readonly FieldError[];
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfter?: number;
}

/** An error meant for the caller: `detail` says what was wrong, what is allowed and how to mend it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.code = code;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter;
  }

  /** The problem another of our processes answered with. */
  static fromDocument({ type, detail, errors }: ProblemDocument): Problem {
    const code = type.split(":").at(-1) ?? "";
    return new Problem(code in problemTable ? (code as ProblemCode) : "internal", detail, errors ? { errors } : {});
  }

  get status(): number {
    return problemTable[this.code].status;
  }

  toDocument(requestId?: string): ProblemDocument {
    const { status, title } = problemTable[this.code];
    return {
      type: `urn:ai-platform:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      ...(this.errors ? { errors: this.errors } : {}),
      ...(requestId ? { requestId } : {}),
    };
  }
}

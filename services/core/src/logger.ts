import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";

export type { Logger };

/** What never reaches a log: credentials, and the words of people, models and documents. */
const secretFields = [
  "password",
  "token",
  "access_token",
  "accessToken",
  "refresh_token",
  "refreshToken",
  "client_secret",
  "clientSecret",
  "secret",
  "apiKey",
  "authorization",
  "cookie",
  "x-api-key",
  "question",
  "answer",
  "prompt",
  "messages",
  "content",
  "text",
];

const redactedPaths = secretFields.flatMap((field) => {
  const key = field.includes("-") ? `["${field}"]` : field;
  const child = field.includes("-") ? key : `.${key}`;
  return [key, `*${child}`, `*.*${child}`];
});

/** An error without the values of the query that failed: drivers put them into messages and fields. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message.replace(/\nparams: [\s\S]*$/, ""),
    ...(typeof code === "string" ? { code } : {}),
    stack: error.stack
      ?.split("\n")
      .filter((line) => line.startsWith("    at "))
      .join("\n"),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

export interface LoggerOptions {
  readonly service: string;
  /** @default "info" */
  readonly level?: string;
  /** Where lines go. @default standard output */
  readonly destination?: DestinationStream;
}

/** Structured log in JSON lines, UTC times, without secrets and without content. */
export function createLogger({ service, level = "info", destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: "[redacted]" },
    serializers: { err: describeError, error: describeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

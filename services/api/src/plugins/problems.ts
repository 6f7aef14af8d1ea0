import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { Problem, type FieldError, type ProblemCode } from "@ai-platform/core/errors.ts";
import type { App } from "../deps.ts";

/** Codes for errors of the framework and its plugins, by their HTTP status; other 4xx are `invalid-request`. */
const codeByStatus: Readonly<Record<number, ProblemCode>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  413: "too-large",
  415: "unsupported-media",
  429: "too-many-requests",
  503: "unavailable",
};

/** Answers every error with an RFC 9457 problem document; what is not meant for the caller is logged and not told. */
export function answerProblems(app: App): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => sendProblem(request, reply, toProblem(error)));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new Problem("not-found", `There is no ${request.method} ${pathOf(request)}.`)),
  );
}

/** @param extension members beside those of the problem document, as RFC 9457 allows */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
  extension: Readonly<Record<string, string>> = {},
): FastifyReply {
  if (problem.status >= 500) {
    const level = problem.code === "internal" ? "error" : "warn";
    request.log[level]({ err: problem.cause ?? problem }, "request failed");
  }
  if (problem.code === "unauthenticated") reply.header("www-authenticate", 'Bearer realm="ai-platform"');
  if (problem.retryAfter !== undefined) reply.header("retry-after", String(problem.retryAfter));
  // A response schema of the route's success must not reshape its problem.
  reply.serializer((payload) => JSON.stringify(payload));
  return reply
    .code(problem.status)
    .header("content-type", "application/problem+json")
    .send({ ...problem.toDocument(request.id), ...extension });
}

/** What any thrown thing is to the caller. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const where = error.validationContext ?? "request";
    const errors = error.validation.flatMap(({ instancePath, message, params }) =>
      fieldsOf(where, instancePath, message ?? "is not valid", params),
    );
    const fields = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
    return new Problem("invalid-request", `The ${where} is not valid: ${fields}`, { errors, cause: error });
  }
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) {
    return new Problem(codeByStatus[status] ?? "invalid-request", (error as Error).message, { cause: error });
  }
  const code = status === 503 ? "unavailable" : "internal";
  return new Problem(code, "The request could not be completed. Quote the request id when asking about it.", {
    cause: error,
  });
}

/** zod names unknown members in one issue of the object that holds them; the caller gets each by its place. */
function fieldsOf(where: string, instancePath: string, message: string, params: unknown): FieldError[] {
  const path = instancePath === "/" ? "" : instancePath;
  const keys = unknownKeys(params);
  if (keys.length === 0) return [{ field: fieldName(where, path), message }];
  return keys.map((key) => ({ field: fieldName(where, `${path}/${key}`), message: "is not known here" }));
}

function unknownKeys(params: unknown): string[] {
  const { keys } = (params ?? {}) as { keys?: unknown };
  return Array.isArray(keys) ? keys.map(String) : [];
}

/** JSON pointer in a body, plain name in the query, the path or the headers. */
function fieldName(where: string, path: string): string {
  if (where === "body") return path === "" ? "/" : path;
  return path.replace(/^\//, "") || where;
}

/** Without the query, which may carry what must not be repeated. */
function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

import { z } from "zod";
import type { Permission } from "@ai-platform/core/identity/permissions.ts";
import type { RunContext } from "../run-context.ts";

/** Codes of errors that go back to the model, so that it can mend its call. */
export type ToolErrorCode = "unknown-tool" | "invalid-arguments" | "not-found" | "timeout" | "failed";

/** An error of a call, meant for the model. */
export class ToolError extends Error {
  override readonly name = "ToolError";
  readonly code: ToolErrorCode;

  constructor(code: ToolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ToolOutput {
  /** Sent to the model as JSON. */
  readonly output: unknown;
  /** Numbers of the passages it brought into the run. */
  readonly sources: readonly number[];
}

/** Something a model can have done. It runs with the caller's rights and no others. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters: Record<string, unknown>;
  /** Reads run side by side, everything else alone and in order. */
  readonly effect: "read" | "write" | "external";
  /** Needed to see the tool and, again, to run it. */
  readonly permission: Permission;
  /** Milliseconds. */
  readonly timeout: number;
  /** Longer output is cut. */
  readonly maxOutputBytes: number;
  /** @throws ToolError `invalid-arguments` where the arguments do not fit the schema */
  invoke(args: unknown, run: RunContext, signal: AbortSignal): Promise<ToolOutput>;
}

export interface ToolDefinition<Input extends z.ZodType, Output extends z.ZodType> extends Omit<
  Tool,
  "parameters" | "invoke"
> {
  readonly input: Input;
  readonly output: Output;
  readonly execute: (input: z.output<Input>, run: RunContext, signal: AbortSignal) => Promise<z.input<Output>>;
  readonly sources: (output: z.output<Output>) => readonly number[];
}

/** A tool with its arguments and its output checked by their schemas. */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { input, output, execute, sources, ...rest } = definition;
  const { $schema: _, ...parameters } = z.toJSONSchema(input, { io: "input" });
  return {
    ...rest,
    parameters,
    async invoke(args, run, signal) {
      const parsed = input.safeParse(args);
      if (!parsed.success) throw new ToolError("invalid-arguments", z.prettifyError(parsed.error));
      const result = output.parse(await execute(parsed.data, run, signal));
      return { output: result, sources: sources(result) };
    },
  };
}

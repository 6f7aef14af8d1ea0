import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach } from "vitest";
import { ProgramRecorder, type RecordedResource } from "../../stacks/plan/recorder.ts";

/** The resources a test's program asked for. */
export interface RecordedInfra {
  readonly recorder: ProgramRecorder;
  all(): readonly RecordedResource[];
  /** The one resource of this name; fails where there is none or more than one. */
  one(name: string): RecordedResource;
}

/** Takes over Pulumi's runtime before each test. Never with `test.concurrent`: the runtime is global. */
export function useMocks(stack = "test"): RecordedInfra {
  let recorder = new ProgramRecorder();
  beforeEach(async () => {
    recorder = new ProgramRecorder();
    await recorder.install("ai-platform", stack);
  });
  // What a test left under way must not reach the next test's monitor.
  afterEach(() => recorder.settled());
  return {
    get recorder() {
      return recorder;
    },
    all: () => recorder.resources,
    one: (name) => {
      const found = recorder.resources.filter((resource) => resource.name === name);
      const [first] = found;
      if (!first || found.length > 1) {
        const names = recorder.resources.map((resource) => resource.name).join(", ");
        throw new Error(`${String(found.length)} resources are called "${name}"; there are ${names}`);
      }
      return first;
    },
  };
}

/** The value of an output; secrets included. */
export function valueOf<T>(output: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => {
    pulumi.output(output).apply(resolve);
  });
}

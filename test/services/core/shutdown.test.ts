import { EventEmitter } from "node:events";
import { createLogger } from "@ai-platform/core/logger.ts";
import { stopOnSignals } from "@ai-platform/core/shutdown.ts";
import { expect, it } from "vitest";

const logger = createLogger({ service: "test", level: "silent" });

function start(steps: Parameters<typeof stopOnSignals>[0]["steps"], deadlineSeconds?: number) {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const ended = new Promise<number>((resolve) => {
    const exit = (code: number) => {
      exits.push(code);
      resolve(code);
    };
    stopOnSignals({ logger, steps, signals, exit, ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }) });
  });
  return { signals, exits, ended };
}

it.each(["SIGINT", "SIGTERM"])("runs the steps one after the other on %s", async (signal) => {
  const done: string[] = [];
  const { signals, ended } = start([
    { name: "slow", run: () => new Promise((resolve) => setTimeout(resolve, 20)).then(() => done.push("slow")) },
    { name: "fast", run: () => done.push("fast") },
  ]);
  signals.emit(signal, signal);
  expect(await ended).toBe(0);
  expect(done).toEqual(["slow", "fast"]);
});

it("goes on after a failed step, and says so in the exit code", async () => {
  const done: string[] = [];
  const { signals, ended } = start([
    { name: "broken", run: () => Promise.reject(new Error("broken")) },
    { name: "next", run: () => done.push("next") },
  ]);
  signals.emit("SIGTERM", "SIGTERM");
  expect(await ended).toBe(1);
  expect(done).toEqual(["next"]);
});

it("ends at once on a second signal, and after the deadline", async () => {
  const never = { name: "never", run: () => new Promise(() => undefined) };
  const impatient = start([never]);
  impatient.signals.emit("SIGINT", "SIGINT");
  expect(impatient.exits).toEqual([]);
  impatient.signals.emit("SIGINT", "SIGINT");
  expect(impatient.exits).toEqual([1]);
  const late = start([never], 0.01);
  late.signals.emit("SIGTERM", "SIGTERM");
  expect(await late.ended).toBe(1);
});

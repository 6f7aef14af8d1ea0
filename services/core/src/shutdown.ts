import type { Logger } from "./logger.ts";

/** One part of stopping: not ready, stop intake, drain, flush, close. */
export interface ShutdownStep {
  readonly name: string;
  readonly run: () => unknown;
}

export interface ShutdownOptions {
  readonly logger: Logger;
  /** Run one after the other; a step that fails is logged and the next one runs all the same. */
  readonly steps: readonly ShutdownStep[];
  /** Seconds until the process ends regardless. Less than what the container engine waits before it kills. @default 25 */
  readonly deadlineSeconds?: number;
  /** Where signals come from. @default process */
  readonly signals?: Pick<NodeJS.EventEmitter, "on">;
  /** @default process.exit */
  readonly exit?: (code: number) => void;
}

/**
 * Stops in order on SIGINT or SIGTERM and ends the process: 0 when every step went well, else 1.
 * A second signal ends it at once.
 */
export function stopOnSignals(options: ShutdownOptions): void {
  const { logger, steps, deadlineSeconds = 25, signals = process } = options;
  const exit = options.exit ?? ((code: number) => process.exit(code));
  let stopping = false;

  async function stop(signal: string): Promise<void> {
    logger.info({ signal }, "stopping");
    const deadline = setTimeout(() => {
      logger.error({ deadlineSeconds }, "not stopped in time");
      exit(1);
    }, deadlineSeconds * 1000);
    let failed = false;
    for (const { name, run } of steps) {
      try {
        await run();
        logger.info({ step: name }, "stopped");
      } catch (error) {
        failed = true;
        logger.error({ error, step: name }, "failed to stop");
      }
    }
    clearTimeout(deadline);
    exit(failed ? 1 : 0);
  }

  function onSignal(signal: string): void {
    if (stopping) {
      exit(1);
      return;
    }
    stopping = true;
    void stop(signal);
  }
  signals.on("SIGINT", onSignal);
  signals.on("SIGTERM", onSignal);
}

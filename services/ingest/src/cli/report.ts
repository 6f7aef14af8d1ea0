import cliProgress from "cli-progress";
import type { Job } from "../jobs.ts";

/** How one source ended. */
export type Outcome =
  | { readonly event: "done" | "failed"; readonly source: string; readonly job: Job }
  | { readonly event: "skipped" | "failed"; readonly source: string; readonly reason: string };

export interface Summary {
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  /** Handed in but not finished when the command was stopped. */
  readonly waiting: number;
  readonly pages: number;
  readonly pagesNeedingOcr: number;
  readonly chunks: number;
  readonly seconds: number;
}

/** What the person or program at the other end sees. */
export interface Report {
  /** @param total documents, where known */
  begin(total: number | undefined): void;
  /** Where the open jobs stand. */
  progress(finished: number, found: number, open: readonly Job[]): void;
  outcome(outcome: Outcome): void;
  end(summary: Summary): void;
}

/** JSON lines, a progress bar on a terminal, or plain lines where there is none. */
export function createReport(json: boolean, out: NodeJS.WriteStream = process.stdout): Report {
  if (json) return createJsonReport((line) => out.write(`${line}\n`));
  return createTextReport(out);
}

function createJsonReport(write: (line: string) => void): Report {
  return {
    begin: (total) => write(JSON.stringify({ event: "begin", total: total ?? null })),
    progress: () => undefined,
    outcome: (outcome) => write(JSON.stringify(flat(outcome))),
    end: (summary) => write(JSON.stringify({ event: "summary", ...summary })),
  };
}

function flat(outcome: Outcome): Record<string, unknown> {
  if (!("job" in outcome)) return { ...outcome };
  const { event, source, job } = outcome;
  const { id: jobId, documentId, status, progress, problem } = job;
  return { event, source, jobId, documentId, status, ...progress, ...(problem ? { reason: problem.detail } : {}) };
}

function createTextReport(out: NodeJS.WriteStream): Report {
  const format =
    "{bar} {percentage}% | {value}/{total} documents | {pages} pages | {chunks} chunks | ETA {eta_formatted}";
  const bar = out.isTTY
    ? new cliProgress.SingleBar({ format, stream: out, hideCursor: true }, cliProgress.Presets.shades_classic)
    : undefined;
  let known: number | undefined;
  let pages = 0;
  let chunks = 0;
  const print = (line: string) => {
    // The bar would be printed over: clear its line first, it is drawn again at its next update.
    if (bar) out.write(`\r\u001b[K${line}\n`);
    else out.write(`${line}\n`);
  };
  return {
    begin(total) {
      known = total;
      bar?.start(total ?? 1, 0, { pages: 0, chunks: 0 });
    },
    progress(finished, found, open) {
      const sum = (of: (job: Job) => number | undefined) => open.reduce((all, job) => all + (of(job) ?? 0), 0);
      bar?.setTotal(known ?? found);
      bar?.update(finished, {
        pages: pages + sum((job) => job.progress.pages),
        chunks: chunks + sum((job) => job.progress.indexed),
      });
    },
    outcome(outcome) {
      if ("job" in outcome) {
        const { progress, problem } = outcome.job;
        pages += progress.pages ?? 0;
        chunks += progress.chunks ?? 0;
        if (outcome.event === "failed") print(`failed   ${outcome.source}: ${problem?.detail ?? "unknown reason"}`);
        else if (!bar) print(`done     ${outcome.source}: ${progress.chunks ?? 0} chunks`);
      } else {
        print(`${outcome.event.padEnd(8)} ${outcome.source}: ${outcome.reason}`);
      }
    },
    end(summary) {
      bar?.stop();
      const ocr = summary.pagesNeedingOcr > 0 ? `, ${summary.pagesNeedingOcr} pages need OCR` : "";
      const waiting = summary.waiting > 0 ? `, ${summary.waiting} wait in the queue` : "";
      out.write(
        `${summary.done} documents read, ${summary.failed} failed, ${summary.skipped} skipped${waiting}: ` +
          `${summary.pages} pages, ${summary.chunks} chunks in ${summary.seconds.toFixed(1)} s${ocr}\n`,
      );
    },
  };
}

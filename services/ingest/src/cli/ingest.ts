import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "@ai-platform/core/errors.ts";
import { sha256, type Job } from "../jobs.ts";
import type { IngestQueue } from "../local-ingest.ts";
import type { Source, SourceDocument } from "../sources/source.ts";
import type { CliOptions } from "./options.ts";
import type { Report, Summary } from "./report.ts";

/** Documents handed in but not finished: more would fill the database with waiting bytes. */
const maxOpen = 16;
const pollMs = 150;

/** Hands in everything a source gives, follows it to its end, and tells of it. Stops early when the signal fires. */
export async function ingest(
  source: Source,
  queue: IngestQueue,
  options: Pick<CliOptions, "department" | "collection" | "acl">,
  report: Report,
  stop: AbortSignal,
): Promise<Summary> {
  const began = performance.now();
  const totals = { done: 0, failed: 0, skipped: 0, pages: 0, pagesNeedingOcr: 0, chunks: 0 };
  let open: Job[] = [];
  let found = 0;

  async function followUntil(most: number): Promise<void> {
    while (open.length > most && !stop.aborted) {
      const jobs = await Promise.all(open.map((job) => queue.job(job.id)));
      open = jobs.filter((job) => job.status === "queued" || job.status === "running");
      for (const job of jobs) if (!open.includes(job)) finish(job);
      report.progress(totals.done + totals.failed + totals.skipped, found, open);
      if (open.length > most) await sleep(pollMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  function finish(job: Job): void {
    const event = job.status === "done" ? "done" : "failed";
    totals[event] += 1;
    totals.pages += job.progress.pages ?? 0;
    totals.pagesNeedingOcr += job.progress.pagesNeedingOcr ?? 0;
    totals.chunks += job.progress.chunks ?? 0;
    report.outcome({ event, source: job.source, job });
  }

  async function submit(document: SourceDocument): Promise<void> {
    const { source, fileName, contentType, title, bytes } = document;
    const { department, collection, acl } = options;
    const origin = {
      kind: "upload" as const,
      sha256: sha256(bytes),
      fileName,
      ...(contentType ? { contentType } : {}),
    };
    try {
      const { jobId } = await queue.submit({
        createdBy: "system",
        bytes,
        request: {
          source,
          origin,
          department,
          acl,
          ...(collection ? { collection } : {}),
          ...(title ? { title } : {}),
        },
      });
      open.push(await queue.job(jobId));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      totals.failed += 1;
      report.outcome({ event: "failed", source, reason: error.message });
    }
  }

  report.begin(source.total);
  for await (const item of source.items) {
    if (stop.aborted) break;
    found += 1;
    if (item.kind === "document") {
      await submit(item.document);
    } else {
      totals[item.kind] += 1;
      const reason = item.kind === "failed" ? item.problem.message : item.reason;
      report.outcome({ event: item.kind, source: item.source, reason });
    }
    await followUntil(maxOpen - 1);
  }
  await followUntil(0);
  const summary = { ...totals, waiting: open.length, seconds: (performance.now() - began) / 1000 };
  report.end(summary);
  return summary;
}

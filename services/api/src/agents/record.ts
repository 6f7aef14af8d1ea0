import { appendAudit, auditActor } from "@ai-platform/core/audit.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import type { Answer } from "./agent.ts";
import type { RunContext } from "./run-context.ts";

/** Audits an answer: what it was computed from and with which rights, and none of its words. */
export async function recordAnswer(db: Db, run: RunContext, answer: Answer): Promise<void> {
  const cited = new Set(answer.citations.map(({ id }) => id));
  await appendAudit(db, {
    tenant: run.caller.tenant,
    actor: auditActor(run.caller),
    action: "agent.answered",
    target: `agent:${run.agent.name}`,
    outcome: "success",
    detail: {
      runId: run.runId,
      user: run.caller.subject,
      rights: run.rights,
      refused: answer.refused,
      degraded: answer.degraded,
      incomplete: answer.incomplete?.reason,
      removedSentences: answer.removedSentences,
      usage: answer.usage,
      sources: run.sources.all().map(({ id, passage }) => ({
        documentId: passage.documentId,
        documentVersion: passage.documentVersion,
        aclVersion: passage.aclVersion,
        chunkId: passage.chunkId,
        cited: cited.has(id),
      })),
    },
  });
}

/** Audits a run that ended without an answer. */
export async function recordFailure(db: Db, run: RunContext, reason: string): Promise<void> {
  await appendAudit(db, {
    tenant: run.caller.tenant,
    actor: auditActor(run.caller),
    action: "agent.failed",
    target: `agent:${run.agent.name}`,
    outcome: reason === "unauthenticated" || reason === "forbidden" ? "denied" : "failure",
    detail: { runId: run.runId, user: run.caller.subject, reason, rights: run.rights },
  });
}

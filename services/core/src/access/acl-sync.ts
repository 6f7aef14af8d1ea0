import { asc, gt, sql } from "drizzle-orm";
import type { Db } from "../db/database.ts";
import { documentAcl } from "../db/schema/index.ts";
import type { Logger } from "../logger.ts";
import { queryRows } from "../vector/sql.ts";
import type { VectorStore } from "../vector/store.ts";
import { noteSyncedAcl } from "./acl-store.ts";

export interface AclSyncOptions {
  readonly db: Db;
  readonly store: VectorStore;
  readonly logger: Logger;
  /** Pause between rounds. @default 1000 */
  readonly intervalMs?: number;
}

/** How far the search index is behind: grants wait for it, revocations do not. */
export interface SyncLag {
  readonly documents: number;
  /** Age of the oldest change not copied yet; 0 where there is none. */
  readonly seconds: number;
}

/** Copies changed rights from Postgres to the search index until stopped. Several replicas may run it. */
export interface AclSync {
  start(): void;
  /** Waits for the round under way. */
  stop(): Promise<void>;
  /** One round. Returns how many documents are up to date now that were not; a failed one is tried again next round. */
  runOnce(): Promise<number>;
  lag(): Promise<SyncLag>;
}

const batchSize = 200;
const longestPauseMs = 30_000;

export function createAclSync({ db, store, logger, intervalMs = 1_000 }: AclSyncOptions): AclSync {
  let stopped: AbortController | undefined;
  let running: Promise<void> = Promise.resolve();

  async function runOnce(): Promise<number> {
    const behind = await db
      .select()
      .from(documentAcl)
      .where(gt(documentAcl.aclVersion, documentAcl.syncedVersion))
      .orderBy(asc(documentAcl.aclVersion))
      .limit(batchSize);
    let copied = 0;
    let failure: unknown;
    for (const { documentId, tenant, allow, deny, level, aclVersion } of behind) {
      try {
        await store.setAcl(documentId, { tenant, allow, deny, level, aclVersion });
        await noteSyncedAcl(db, documentId, aclVersion);
        copied += 1;
      } catch (error) {
        failure = error;
        logger.warn({ error, documentId, aclVersion }, "rights not copied to the search index; will try again");
      }
    }
    if (failure !== undefined && copied === 0) throw failure as Error;
    return copied;
  }

  async function loop(signal: AbortSignal): Promise<void> {
    let pauseMs = intervalMs;
    while (!signal.aborted) {
      pauseMs = await runOnce().then(
        () => intervalMs,
        () => Math.min(pauseMs * 2, longestPauseMs),
      );
      await pause(pauseMs, signal);
    }
  }

  return {
    runOnce,
    start() {
      if (stopped) return;
      stopped = new AbortController();
      running = loop(stopped.signal);
    },
    async stop() {
      stopped?.abort();
      await running;
      stopped = undefined;
    },
    async lag() {
      const [row] = await queryRows<SyncLag>(
        db,
        sql`select count(*)::int as documents,
              coalesce(extract(epoch from now() - min(updated_at)), 0)::float as seconds
            from document_acl where acl_version > synced_version`,
      );
      return { documents: row?.documents ?? 0, seconds: Math.max(0, row?.seconds ?? 0) };
    },
  };
}

/** Ends early, and without an error, when the signal fires. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

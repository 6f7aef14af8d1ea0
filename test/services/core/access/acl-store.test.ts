import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getAcl, noteIndexedAcl, setAcl } from "@ai-platform/core/access/acl-store.ts";
import { createAclSync } from "@ai-platform/core/access/acl-sync.ts";
import type { Database } from "@ai-platform/core/db/database.ts";
import { audit, documents } from "@ai-platform/core/db/schema/index.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { openTestDatabase } from "../../../support/database.ts";
import { openTestStore } from "../../../support/vector.ts";

let database: Database;
let store: VectorStore;
const logger = createLogger({ service: "test", level: "silent" });
beforeAll(async () => {
  database = await openTestDatabase();
  store = await openTestStore("pgvector", database);
});
afterAll(() => database.close());

const acl = { allow: ["tenant:all"], deny: [], level: 1 };

async function addDocument(): Promise<string> {
  const id = randomUUID();
  const row = { id, tenant: "acme", source: `file:${id}`, title: "t", collection: "hr", department: "hr" };
  await database.db.insert(documents).values({ ...row, mime: "text/plain", createdBy: "system" });
  return id;
}

describe("setAcl", () => {
  it("gives every change a larger version and records who made it", async () => {
    const [a, b] = [await addDocument(), await addDocument()];
    const versions = [
      await setAcl(database.db, a, acl, "user:1"),
      await setAcl(database.db, b, acl, "user:1"),
      await setAcl(database.db, a, { ...acl, deny: ["user:2", "user:2"] }, "user:3"),
    ];
    expect(versions).toEqual([...versions].sort((x, y) => x - y));
    expect(new Set(versions).size).toBe(3);
    expect(await getAcl(database.db, a)).toEqual({
      tenant: "acme",
      allow: ["tenant:all"],
      deny: ["user:2"],
      level: 1,
      aclVersion: versions[2],
    });
    const entries = await database.db
      .select()
      .from(audit)
      .where(eq(audit.target, `document:${a}`));
    expect(entries.map(({ actor, action }) => [actor, action])).toEqual([
      ["user:1", "document.acl-changed"],
      ["user:3", "document.acl-changed"],
    ]);
    expect(entries[1]?.detail).toEqual({ aclVersion: versions[2], allow: ["tenant:all"], deny: ["user:2"], level: 1 });
  });

  it("keeps one order when changes meet", async () => {
    const id = await addDocument();
    const versions = await Promise.all(
      [1, 2, 3, 0].map((level) => setAcl(database.db, id, { ...acl, level }, "system")),
    );
    const last = await getAcl(database.db, id);
    expect(last?.aclVersion).toBe(Math.max(...versions));
  });

  it("refuses documents that are not there or gone, without a trace", async () => {
    const gone = await addDocument();
    await database.db.update(documents).set({ deletedAt: new Date() }).where(eq(documents.id, gone));
    for (const id of [gone, randomUUID()]) {
      await expect(setAcl(database.db, id, acl, "system")).rejects.toMatchObject({ code: "not-found" });
      expect(await getAcl(database.db, id)).toBeUndefined();
    }
    expect(
      await database.db
        .select()
        .from(audit)
        .where(eq(audit.target, `document:${gone}`)),
    ).toEqual([]);
  });
});

describe("createAclSync", () => {
  it("reports the lag, keeps on after a failure and does not call a document synced that was not", async () => {
    const [bad, good] = [await addDocument(), await addDocument()];
    await setAcl(database.db, bad, acl, "system");
    await setAcl(database.db, good, acl, "system");
    let down = true;
    const flaky: VectorStore = {
      ...store,
      setAcl: async (id, rights) => {
        if (down && id === bad) throw new Error("store is down");
        await store.setAcl(id, rights);
      },
    };
    const sync = createAclSync({ db: database.db, store: flaky, logger });
    await sync.runOnce();
    expect((await sync.lag()).documents).toBe(1);
    await expect(sync.runOnce()).rejects.toThrow("store is down");
    down = false;
    expect(await sync.runOnce()).toBe(1);
    expect(await sync.lag()).toEqual({ documents: 0, seconds: 0 });
  });

  it("copies again what a publication has put back", async () => {
    const id = await addDocument();
    const old = await setAcl(database.db, id, acl, "system");
    await setAcl(database.db, id, { ...acl, level: 2 }, "system");
    const sync = createAclSync({ db: database.db, store, logger });
    await sync.runOnce();
    await noteIndexedAcl(database.db, id, old);
    expect((await sync.lag()).documents).toBe(1);
    expect(await sync.runOnce()).toBe(1);
  });

  it("runs by itself until stopped", async () => {
    const id = await addDocument();
    await setAcl(database.db, id, acl, "system");
    const sync = createAclSync({ db: database.db, store, logger, intervalMs: 5 });
    sync.start();
    sync.start();
    await expect.poll(async () => (await sync.lag()).documents).toBe(0);
    await sync.stop();
    await setAcl(database.db, id, acl, "system");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await sync.lag()).documents).toBe(1);
  });
});

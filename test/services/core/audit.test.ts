import { appendAudit, canonicalJson, verifyAudit } from "@ai-platform/core/audit.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { audit } from "@ai-platform/core/db/schema/index.ts";
import { eq, sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let database: Database;
beforeAll(async () => {
  database = await openEmbedded();
  await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      appendAudit(database.db, {
        tenant: `tenant-${index % 2}`,
        actor: "system",
        action: "test.done",
        target: `thing:${index}`,
        outcome: "success",
        detail: { z: index, a: { nested: [1.5, null, "é\u0000 and \\u0000"] }, missing: undefined, at: new Date(0) },
      }),
    ),
  );
});
afterAll(() => database.close());

class RollBack extends Error {}

/** What the verification says of the chain as somebody with all rights on the database left it, which is undone after. */
async function verifyAfter(tamper: (db: Database["db"]) => Promise<unknown>) {
  let broken: Awaited<ReturnType<typeof verifyAudit>>["broken"];
  await database.db
    .transaction(async (tx) => {
      await tx.execute(sql`alter table audit disable trigger all`);
      await tamper(tx);
      ({ broken } = await verifyAudit(tx, 5));
      throw new RollBack();
    })
    .catch((error: unknown) => {
      if (!(error instanceof RollBack)) throw error;
    });
  return broken;
}

describe("the audit chain", () => {
  it("is whole as written, also by many at a time", async () => {
    const report = await verifyAudit(database.db, 5);
    expect(report).toMatchObject({ rows: 12 });
    expect(report.broken).toBeUndefined();
    expect(report.head).toMatch(/^[0-9a-f]{64}$/);
  });

  it("cannot be changed or shortened by the service that writes it", async () => {
    for (const statement of ["update audit set actor = 'x'", "delete from audit", "truncate audit"]) {
      await expect(database.db.execute(sql.raw(statement)), statement).rejects.toThrow();
    }
  });

  const columns = ["at", "tenant", "actor", "action", "target", "outcome", "detail", "prev_hash", "hash"];
  it("shows a change of any column in any row", async () => {
    const rows = await database.db.select({ seq: audit.seq }).from(audit).orderBy(audit.seq);
    for (const { seq } of rows) {
      for (const column of columns) {
        const value =
          column === "at"
            ? sql`at + interval '1 millisecond'`
            : column === "detail"
              ? sql`'{"z": 99}'::jsonb`
              : sql`${sql.raw(column)} || 'x'`;
        const broken = await verifyAfter((db) =>
          db.execute(sql`update audit set ${sql.raw(column)} = ${value} where seq = ${seq}`),
        );
        expect(broken?.seq, `${column} of row ${seq}`).toBe(seq);
      }
    }
  });

  it("shows the removal of any row, the newest included", async () => {
    const rows = await database.db.select({ seq: audit.seq }).from(audit).orderBy(audit.seq);
    for (const [index, { seq }] of rows.entries()) {
      const broken = await verifyAfter((db) => db.delete(audit).where(eq(audit.seq, seq)));
      expect(broken?.seq).toBe(rows[index + 1]?.seq ?? seq);
    }
  });

  it("shows a row put in", async () => {
    const broken = await verifyAfter(async (db) => {
      const [last] = await db
        .select()
        .from(audit)
        .orderBy(sql`seq desc`)
        .limit(1);
      if (!last) throw new Error("the chain is empty");
      await db.insert(audit).values({ ...last, seq: last.seq + 1, prevHash: last.hash });
    });
    expect(broken?.reason).toContain("changed");
  });
});

describe("canonical JSON", () => {
  it("does not depend on the order of keys and reads back as the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const reversed: unknown = reverseKeys(value);
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reverseKeys(member)]),
  );
}

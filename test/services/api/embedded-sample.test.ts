import { readdir, readFile } from "node:fs/promises";
import { and, eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { documents, users } from "@ai-platform/core/db/schema/index.ts";
import { createCallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import { openSigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { createTokenIssuer } from "@ai-platform/core/identity/token-issuer.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import { openVectorStore } from "@ai-platform/core/vector/open-store.ts";
import { createIngestWorker } from "@ai-platform/ingest/worker.ts";
import { createDemo } from "../../../services/api/src/embedded/demo.ts";
import { submitSample } from "../../../services/api/src/embedded/sample.ts";
import { sampleDocuments } from "../../../services/api/sample/manifest.ts";

const folder = new URL("../../../services/api/sample/", import.meta.url);
const tenant = "sample";
const logger = createLogger({ service: "test", level: "error" });
let database: Database;

beforeAll(async () => {
  database = await openEmbedded();
});
afterAll(() => database.close());

/** Titles a demo user finds in the list, through a real token. */
async function readableTitles(username: string): Promise<string[]> {
  const { db } = database;
  const [user] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.tenant, tenant), eq(users.username, username)));
  const identity = { db, keys: await openSigningKeys(), issuer: "test", audience: "test" };
  const { accessToken } = await createTokenIssuer(identity).issueFor(user?.id ?? "");
  const caller = await createCallerVerifier(identity).verify({ authorization: `Bearer ${accessToken}` });
  const store = openVectorStore({ database });
  return (await createRetriever({ db, store, logger }).list(caller, { limit: 100 })).map(({ title }) => title);
}

describe("the sample corpus", () => {
  it("has rights for each of its files, and says where a text of law is only a summary", async () => {
    const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(md|pdf)$/.test(file));
    expect(files.sort()).toEqual(sampleDocuments.map(({ file }) => file).sort());
    for (const file of files.filter((name) => name.startsWith("legal/loi"))) {
      expect(await readFile(new URL(file, folder), "utf8"), file).toMatch(/^status: (summary|official)$/m);
    }
  });

  it("is readable as the table in the README says", async () => {
    const { db } = database;
    const store = openVectorStore({ database });
    await store.prepare();
    await createDemo(db, tenant);
    expect(await submitSample(db, tenant)).toBe(sampleDocuments.length);
    const worker = createIngestWorker({ db, store, logger });
    await worker.runUntilIdle();
    await worker.drain();

    const forAll = ["Congés et absences", "Charte du télétravail", "Livret d'accueil", "Se connecter au VPN"];
    const restricted = {
      "Paie et avantages": ["amina", "youssef", "ilyas", "salma"],
      "Grille salariale": ["amina"],
      "Runbook incident majeur": ["youssef", "ilyas", "salma"],
      "Runbook sauvegardes et restauration": ["youssef"],
      "Comptes de secours": ["youssef"],
      "Note contentieux Rif Textile": ["salma"],
      "Projet Zellige": [],
    };
    for (const name of ["amina", "youssef", "ilyas", "salma", "admin"]) {
      const titles = await readableTitles(name);
      expect(titles, name).toEqual(expect.arrayContaining(forAll));
      const found = Object.keys(restricted).filter((title) => titles.includes(title));
      const expected = Object.entries(restricted).filter(([, readers]) => (readers as string[]).includes(name));
      expect(found, name).toEqual(expected.map(([title]) => title));
    }
  });

  it("is handed in once: a document that was deleted stays deleted", async () => {
    const { db } = database;
    await db.update(documents).set({ deletedAt: new Date() }).where(eq(documents.source, "file:sample/hr/paie.md"));
    expect(await submitSample(db, tenant)).toBe(0);
    expect(await createDemo(db, tenant)).toEqual([]);
    expect(await readableTitles("amina")).not.toContain("Paie et avantages");
  });
});

import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { eq } from "drizzle-orm";
import { getAcl, noteIndexedAcl, setAcl } from "@ai-platform/core/access/acl-store.ts";
import type { DocumentAcl } from "@ai-platform/core/access/model.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { chunks, documents } from "@ai-platform/core/db/schema/index.ts";
import type { VerifiedCaller } from "@ai-platform/core/identity/caller.ts";
import { addMember, createGroup } from "@ai-platform/core/identity/directory.ts";
import type { Embedder } from "@ai-platform/core/models/embedder.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { createTestIdentity } from "./identity.ts";

const roles = ["employee", "editor", "admin"] as const;
const departments = ["hr", "it"] as const;
const groupCount = 4;

/** An entry of an ACL. Users are meant by place, modulo how many there are. */
export type Who =
  | "all"
  | { readonly user: number }
  | { readonly group: number }
  | { readonly role: (typeof roles)[number] }
  | { readonly department: (typeof departments)[number] };

export interface WorldUser {
  readonly tenant: number;
  readonly department: (typeof departments)[number];
  readonly roles: readonly (typeof roles)[number][];
  readonly groups: readonly number[];
  readonly clearance: number;
}

export interface WorldAcl {
  readonly allow: readonly Who[];
  readonly deny: readonly Who[];
  readonly level: number;
}

export interface WorldDocument {
  readonly tenant: number;
  /** `unpublished`: indexed, but no version is live yet. */
  readonly state: "live" | "deleted" | "unpublished";
  /** None: nobody may read it; its chunks are in the index all the same, as after a fault. */
  readonly acl: WorldAcl | undefined;
  /** Topic words, so that questions match some documents and not others. */
  readonly words: readonly string[];
  readonly chunks: number;
  /** Chunks of an older version are still in the index and in Postgres. */
  readonly hasOldVersion: boolean;
}

/** Two tenants with the same names for their groups, roles and departments. */
export interface World {
  readonly users: readonly WorldUser[];
  /** Which group is in which, for both tenants; the child's number is the smaller one. */
  readonly nesting: readonly (readonly [child: number, parent: number])[];
  readonly documents: readonly WorldDocument[];
}

export const worldWords = ["contrat", "salaire", "serveur", "imprimante"] as const;

const anyUser = fc.record<WorldUser>({
  tenant: fc.nat(1),
  department: fc.constantFrom(...departments),
  roles: fc.uniqueArray(fc.constantFrom(...roles), { maxLength: 2 }),
  groups: fc.uniqueArray(fc.nat(groupCount - 1), { maxLength: 2 }),
  clearance: fc.nat(3),
});

export const anyWho: fc.Arbitrary<Who> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Who>("all") },
  { weight: 2, arbitrary: fc.record({ user: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ group: fc.nat(groupCount - 1) }) },
  { weight: 1, arbitrary: fc.record({ role: fc.constantFrom(...roles) }) },
  { weight: 1, arbitrary: fc.record({ department: fc.constantFrom(...departments) }) },
);

export const anyAcl = fc.record<WorldAcl>({
  allow: fc.array(anyWho, { maxLength: 3 }),
  deny: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(anyWho, { maxLength: 2 }) },
  ),
  level: fc.nat(3),
});

export const anyDocument = fc.record<WorldDocument>({
  tenant: fc.nat(1),
  state: fc.oneof(
    { weight: 6, arbitrary: fc.constant("live" as const) },
    { weight: 1, arbitrary: fc.constantFrom("deleted" as const, "unpublished" as const) },
  ),
  acl: fc.oneof({ weight: 8, arbitrary: anyAcl }, { weight: 1, arbitrary: fc.constant(undefined) }),
  words: fc.uniqueArray(fc.constantFrom(...worldWords), { minLength: 1 }),
  chunks: fc.integer({ min: 1, max: 2 }),
  hasOldVersion: fc.boolean(),
});

export const anyWorld = fc.record<World>({
  users: fc.array(anyUser, { minLength: 1, maxLength: 4 }),
  nesting: fc
    .uniqueArray(fc.tuple(fc.nat(groupCount - 1), fc.nat(groupCount - 1)), { maxLength: 3, selector: String })
    .map((edges) => edges.filter(([child, parent]) => child < parent)),
  documents: fc.array(anyDocument, { minLength: 1, maxLength: 8 }),
});

const readable: WorldDocument = {
  tenant: 0,
  state: "live",
  acl: { allow: ["all"], deny: [], level: 1 },
  words: ["contrat"],
  chunks: 1,
  hasOldVersion: false,
};

/** One user, and for each reason there is a document that this user may not read for this reason alone. */
export const everyReason: World = {
  users: [{ tenant: 0, department: "hr", roles: ["employee"], groups: [0], clearance: 1 }],
  nesting: [[0, 1]],
  documents: [
    { ...readable, acl: { allow: [{ group: 1 }], deny: [], level: 1 } },
    { ...readable, hasOldVersion: true },
    { ...readable, tenant: 1 },
    { ...readable, state: "deleted" },
    { ...readable, state: "unpublished" },
    { ...readable, acl: undefined },
    { ...readable, acl: { allow: ["all"], deny: [], level: 2 } },
    { ...readable, acl: { allow: [{ group: 2 }], deny: [], level: 1 } },
    { ...readable, acl: { allow: [], deny: [], level: 1 } },
    { ...readable, acl: { allow: ["all"], deny: [{ group: 1 }], level: 1 } },
  ],
};

/** A world that is there: callers with real tokens, documents in Postgres and in the index. */
export interface BuiltWorld {
  readonly callers: readonly VerifiedCaller[];
  readonly documentIds: readonly string[];
  /** An ACL of the world with the real principals. */
  acl(acl: WorldAcl): DocumentAcl;
  /** Adds a document as ingest would, and returns its id. */
  add(document: WorldDocument): Promise<string>;
}

export interface Platform {
  readonly db: Db;
  readonly store: VectorStore;
  readonly embedder?: Embedder;
}

/** Builds a world in fresh tenants through the real directory, ACL store and index. */
export async function buildWorld(platform: Platform, world: World): Promise<BuiltWorld> {
  const tenants = [await createTestIdentity(platform.db), await createTestIdentity(platform.db)] as const;
  for (const { tenant } of tenants) {
    const groupIds: string[] = [];
    for (let group = 0; group < groupCount; group++) {
      const externalId = `g${String(group)}`;
      groupIds.push(await createGroup(platform.db, { tenant, source: "test", externalId, name: "same name" }));
    }
    for (const [child, parent] of world.nesting) {
      await addMember(platform.db, groupIds[parent] ?? "", { groupId: groupIds[child] ?? "" });
    }
  }
  const tenantOf = (number: number) => tenants[number % 2] ?? tenants[0];
  const callers: VerifiedCaller[] = [];
  for (const user of world.users) {
    callers.push(
      await tenantOf(user.tenant).caller({ ...user, groups: user.groups.map((group) => `g${String(group)}`) }),
    );
  }

  const principal = (who: Who): string => {
    if (who === "all") return "tenant:all";
    if ("user" in who) return `user:${callers[who.user % callers.length]?.subject ?? ""}`;
    if ("group" in who) return `group:test:g${String(who.group)}`;
    return "role" in who ? `role:${who.role}` : `department:${who.department}`;
  };
  const acl = ({ allow, deny, level }: WorldAcl): DocumentAcl => ({
    allow: allow.map(principal),
    deny: deny.map(principal),
    level,
  });
  const add = (document: WorldDocument) =>
    addDocument(platform, tenantOf(document.tenant).tenant, document, document.acl && acl(document.acl));
  const documentIds: string[] = [];
  for (const document of world.documents) documentIds.push(await add(document));
  return { callers, documentIds, acl, add };
}

async function addDocument(
  platform: Platform,
  tenant: string,
  document: WorldDocument,
  acl: DocumentAcl | undefined,
): Promise<string> {
  const { db } = platform;
  const id = randomUUID();
  await db.insert(documents).values({
    id,
    tenant,
    source: `file:${id}`,
    title: document.words.join(" "),
    collection: "hr",
    department: "hr",
    mime: "text/plain",
    createdBy: "system",
  });
  if (acl) await setAcl(db, id, acl, "system");
  if (document.hasOldVersion) await indexVersion(platform, id, 1, document);
  const aclVersion = await indexVersion(platform, id, 2, document);
  await noteIndexedAcl(db, id, aclVersion);
  await db
    .update(documents)
    .set({
      liveVersion: document.state === "unpublished" ? null : 2,
      deletedAt: document.state === "deleted" ? new Date() : null,
    })
    .where(eq(documents.id, id));
  return id;
}

/** Writes a version's chunks to Postgres and to the index, with the document's rights as they are now: their version. */
export async function indexVersion(
  { db, store, embedder }: Platform,
  documentId: string,
  version: number,
  { words, chunks: count }: Pick<WorldDocument, "words" | "chunks">,
): Promise<number> {
  const [document] = await db.select().from(documents).where(eq(documents.id, documentId));
  if (!document) throw new Error(`no document ${documentId}`);
  // Without a row in Postgres, the index says that everybody may read it: the worst that a fault could leave there.
  const acl = (await getAcl(db, documentId)) ?? {
    tenant: document.tenant,
    allow: ["tenant:all"],
    deny: [],
    level: 0,
    aclVersion: 0,
  };
  const rows = Array.from({ length: count }, (_, ordinal) => ({
    id: randomUUID(),
    documentId,
    version,
    ordinal,
    text: `${words.join(" ")} version ${version} part ${ordinal} of ${documentId}`,
    headingPath: [],
    language: "fr" as const,
    tokens: 8,
  }));
  await db.insert(chunks).values(rows);
  const vectors = await embedder?.embed(rows.map((row) => row.text));
  await store.upsert(
    rows.map(({ id, text, language }, at) => {
      const embedding = vectors?.[at];
      const chunk = {
        id,
        documentId,
        documentVersion: version,
        collection: document.collection,
        language,
        text,
        ...acl,
      };
      return embedding ? { ...chunk, embedding } : chunk;
    }),
  );
  return acl.aclVersion;
}

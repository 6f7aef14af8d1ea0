import { sql } from "drizzle-orm";
import {
  bigint,
  customType,
  index,
  integer,
  jsonb,
  pgSequence,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });

/** One sequence for every ACL change in the database: a larger `acl_version` is always the newer right. */
export const aclVersions = pgSequence("acl_versions");

/**
 * A document as its readers know it, whatever version is live.
 * `(tenant, source)` is its identity: ingesting the same source again makes a new version, not a new document.
 */
export const documents = pgTable(
  "documents",
  {
    id: uuid().primaryKey(),
    tenant: text().notNull(),
    /** Stable address of the origin: `upload:<sha256>`, `file:<relative path>`, `https://…`, `sql:<name>#<key>`. */
    source: text().notNull(),
    title: text().notNull(),
    /** Knowledge collection that agents search, usually the department code. */
    collection: text().notNull(),
    /** Owning department. */
    department: text().notNull(),
    mime: text().notNull(),
    language: text().notNull().default("simple"),
    /** Version that readers see; `null` until the first is published. Committing it is the version swap. */
    liveVersion: integer("live_version"),
    /** SHA-256 of the live version's bytes. */
    contentHash: text("content_hash"),
    /** Tombstone: hidden from its commit on, points and text are removed afterwards. */
    deletedAt: timestamp("deleted_at", { withTimezone: true }),
    createdBy: text("created_by").notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
  },
  // Deleting gives the source free: what is ingested from it later is another document, which no late worker can harm.
  (t) => [
    uniqueIndex("documents_source")
      .on(t.tenant, t.source)
      .where(sql`deleted_at is null`),
    index("documents_collection").on(t.tenant, t.collection),
  ],
);

/** Who may read a document. No row: nobody, and it is not indexed. An empty `allow`: nobody. `deny` wins. */
export const documentAcl = pgTable("document_acl", {
  documentId: uuid("document_id")
    .primaryKey()
    .references(() => documents.id, { onDelete: "cascade" }),
  tenant: text().notNull(),
  allow: text().array().notNull(),
  deny: text()
    .array()
    .notNull()
    .default(sql`'{}'`),
  /** 0 public to 3 restricted; a reader needs at least this clearance. */
  level: integer().notNull(),
  aclVersion: bigint("acl_version", { mode: "number" }).notNull(),
  /** Version the vector store is known to hold; behind `aclVersion` while a grant or revocation is being copied. */
  syncedVersion: bigint("synced_version", { mode: "number" }).notNull().default(0),
  updatedBy: text("updated_by").notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
});

/** Text of each chunk of each version: the truth that answers quote. The vector store holds only what finds it. */
export const chunks = pgTable(
  "chunks",
  {
    /** uuidv5(document, version, ordinal): the same content always gets the same ids. */
    id: uuid().primaryKey(),
    documentId: uuid("document_id")
      .notNull()
      .references(() => documents.id, { onDelete: "cascade" }),
    version: integer().notNull(),
    ordinal: integer().notNull(),
    text: text().notNull(),
    /** Headings above the chunk, outermost first. */
    headingPath: text("heading_path").array().notNull(),
    pageFrom: integer("page_from"),
    pageTo: integer("page_to"),
    /** `fr`, `ar`, `en` or `simple` where unknown. */
    language: text().notNull(),
    tokens: integer().notNull(),
    /** Facts for citations, such as law and article number; see ChunkMeta. */
    meta: jsonb().notNull().default({}),
  },
  (t) => [unique("chunks_place").on(t.documentId, t.version, t.ordinal)],
);

/** Where an ingest run stands. `fence` rises with each lease, so a late worker cannot publish over a newer one. */
export const ingestJobs = pgTable(
  "ingest_jobs",
  {
    id: uuid().primaryKey(),
    tenant: text().notNull(),
    /** What to ingest and under which rights; see IngestRequest. */
    request: jsonb().notNull(),
    documentId: uuid("document_id").notNull(),
    /** Version this job makes: rises with every submission of the document and is never used twice. */
    version: integer().notNull(),
    /** ACL version the request was made against: a right changed after that wins over the request. */
    aclVersion: bigint("acl_version", { mode: "number" }).notNull(),
    /** What the finished stages found out and later ones need; see JobFacts. */
    facts: jsonb().notNull().default({}),
    /** `fetch | parse | chunk | embed | index | publish`. */
    stage: text().notNull().default("fetch"),
    /** `queued | running | done | failed | quarantined`. */
    status: text().notNull().default("queued"),
    attempts: integer().notNull().default(0),
    fence: integer().notNull().default(0),
    leasedUntil: timestamp("leased_until", { withTimezone: true }),
    /** See IngestProgress: pages, chunks, embedded, indexed. */
    progress: jsonb().notNull().default({}),
    /** Problem document of the last failure. */
    problem: jsonb(),
    createdBy: text("created_by").notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    index("ingest_jobs_queue").on(t.status, t.createdAt),
    unique("ingest_jobs_version").on(t.documentId, t.version),
  ],
);

/** Bytes waiting to be ingested, by content: kept until the job that needs them has published. */
export const uploads = pgTable(
  "uploads",
  {
    tenant: text().notNull(),
    sha256: text().notNull(),
    bytes: bytea().notNull(),
    size: integer().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.sha256] })],
);

/** What the vectors of an index were made with. Vectors of two models do not compare, so another model is refused. */
export const searchIndexes = pgTable("search_indexes", {
  /** The store and its collection, such as `pgvector` or `qdrant:chunks`. */
  name: text().primaryKey(),
  model: text().notNull(),
  dimensions: integer().notNull(),
});

import { sql } from "drizzle-orm";
import { boolean, index, integer, pgTable, primaryKey, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";

const createdAt = () => timestamp("created_at", { withTimezone: true }).notNull().defaultNow();

/** Departments are the teams that are billed and that own documents. `code` is the stable id used in principals. */
export const departments = pgTable(
  "departments",
  {
    tenant: text().notNull(),
    code: text().notNull(),
    name: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.code] })],
);

/** People and service accounts. `id` is the `sub` of every token and never changes. */
export const users = pgTable(
  "users",
  {
    id: uuid().primaryKey(),
    tenant: text().notNull(),
    username: text().notNull(),
    displayName: text("display_name").notNull(),
    department: text().notNull(),
    /** `null` for service accounts, which hold API keys or client secrets instead. */
    passwordHash: text("password_hash"),
    isService: boolean("is_service").notNull().default(false),
    /** 0 public to 3 restricted. */
    clearance: integer().notNull().default(0),
    disabledAt: timestamp("disabled_at", { withTimezone: true }),
    failedLogins: integer("failed_logins").notNull().default(0),
    lockedUntil: timestamp("locked_until", { withTimezone: true }),
    createdAt: createdAt(),
  },
  (t) => [unique("users_tenant_username").on(t.tenant, t.username)],
);

/** A role held in one department, or everywhere with `department = '*'`. */
export const userRoles = pgTable(
  "user_roles",
  {
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    role: text().notNull(),
    department: text().notNull().default("*"),
  },
  (t) => [primaryKey({ columns: [t.userId, t.role, t.department] })],
);

/** Groups of users and groups, possibly mirrored from a directory: `(source, externalId)` is stable, the name is not. */
export const groups = pgTable(
  "groups",
  {
    id: uuid().primaryKey(),
    tenant: text().notNull(),
    source: text().notNull(),
    externalId: text("external_id").notNull(),
    name: text().notNull(),
  },
  (t) => [unique("groups_source_external").on(t.tenant, t.source, t.externalId)],
);

/** Direct membership: exactly one of `memberUserId` and `memberGroupId` is set. */
export const groupMembers = pgTable(
  "group_members",
  {
    groupId: uuid("group_id")
      .notNull()
      .references(() => groups.id, { onDelete: "cascade" }),
    memberUserId: uuid("member_user_id").references(() => users.id, { onDelete: "cascade" }),
    memberGroupId: uuid("member_group_id").references(() => groups.id, { onDelete: "cascade" }),
  },
  (t) => [unique("group_members_unique").on(t.groupId, t.memberUserId, t.memberGroupId).nullsNotDistinct()],
);

/** Transitive closure of `group_members`, rewritten when membership changes, so that sign-in reads one index. */
export const userGroups = pgTable(
  "user_groups",
  {
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    groupId: uuid("group_id")
      .notNull()
      .references(() => groups.id, { onDelete: "cascade" }),
  },
  (t) => [primaryKey({ columns: [t.userId, t.groupId] })],
);

/** API keys: only the SHA-256 of the secret is kept; a fast hash is right because the secret has 256 random bits. */
export const apiKeys = pgTable(
  "api_keys",
  {
    id: uuid().primaryKey(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    name: text().notNull(),
    /** First characters of the key, shown in lists. */
    prefix: text().notNull(),
    hash: text().notNull().unique(),
    scopes: text().array().notNull(),
    expiresAt: timestamp("expires_at", { withTimezone: true }),
    revokedAt: timestamp("revoked_at", { withTimezone: true }),
    lastUsedAt: timestamp("last_used_at", { withTimezone: true }),
    createdAt: createdAt(),
  },
  (t) => [index("api_keys_user").on(t.userId)],
);

/** A sign-in. Ending it ends every access and refresh token that names it. */
export const sessions = pgTable("sessions", {
  id: uuid().primaryKey(),
  userId: uuid("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" }),
  clientId: text("client_id"),
  /** Absolute end of the refresh family. */
  expiresAt: timestamp("expires_at", { withTimezone: true }).notNull(),
  revokedAt: timestamp("revoked_at", { withTimezone: true }),
  createdAt: createdAt(),
});

/** Refresh tokens by SHA-256. Using one twice ends its session. */
export const refreshTokens = pgTable("refresh_tokens", {
  hash: text().primaryKey(),
  sessionId: uuid("session_id")
    .notNull()
    .references(() => sessions.id, { onDelete: "cascade" }),
  usedAt: timestamp("used_at", { withTimezone: true }),
  expiresAt: timestamp("expires_at", { withTimezone: true }).notNull(),
});

/** Registered OAuth clients for `client_credentials`; each acts as one service account. */
export const oauthClients = pgTable("oauth_clients", {
  id: text().primaryKey(),
  secretHash: text("secret_hash").notNull(),
  userId: uuid("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" }),
  scopes: text()
    .array()
    .notNull()
    .default(sql`'{}'`),
  createdAt: createdAt(),
});

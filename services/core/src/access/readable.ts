import { and, arrayOverlaps, eq, isNotNull, isNull, lte, not, sql, type SQL } from "drizzle-orm";
import { documentAcl, documents } from "../db/schema/index.ts";
import type { AccessRights } from "./model.ts";

/**
 * The rights decision in Postgres, where the truth is: on rows of `documents` joined with `document_acl`.
 * With {@link buildAccessFilter}, the only place that decides who reads what.
 */
export function readableBy({ tenant, principals, clearance }: AccessRights): SQL | undefined {
  if (principals.length === 0) return sql`false`;
  return and(
    eq(documents.tenant, tenant),
    isNull(documents.deletedAt),
    // Before its first version is published there is nothing to read, and not even the title is shown.
    isNotNull(documents.liveVersion),
    lte(documentAcl.level, clearance),
    arrayOverlaps(documentAcl.allow, [...principals]),
    not(arrayOverlaps(documentAcl.deny, [...principals])),
  );
}

import { and, arrayOverlaps, eq, isNull, lte, not, type SQL } from "drizzle-orm";
import { documentAcl, documents } from "../db/schema/index.ts";
import type { AccessRights } from "./model.ts";

/**
 * The rights decision in Postgres, where the truth is: on rows of `documents` joined with `document_acl`.
 * With {@link buildAccessFilter}, the only place that decides who reads what.
 */
export function readableBy({ tenant, principals, clearance }: AccessRights): SQL {
  // No principals at all is nobody; `&&` with an empty array is false, but not for a reason worth relying on.
  if (principals.length === 0) return eq(documents.tenant, "").inlineParams();
  const people = [...principals];
  return and(
    eq(documents.tenant, tenant),
    eq(documentAcl.tenant, tenant),
    isNull(documents.deletedAt),
    lte(documentAcl.level, clearance),
    arrayOverlaps(documentAcl.allow, people),
    not(arrayOverlaps(documentAcl.deny, people)),
  ) as SQL;
}

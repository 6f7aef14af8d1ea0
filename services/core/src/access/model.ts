import { z } from "zod";

/** Highest confidentiality level and clearance: 0 public, 1 internal, 2 confidential, 3 restricted. */
export const maxLevel = 3;
export const levelSchema = z.int().min(0).max(maxLevel);

/**
 * A principal: who a right is given to or taken from. Stable ids only, never e-mail addresses or display names.
 * `user:<sub>`, `group:<source>:<id>`, `role:<name>`, `department:<code>`, `tenant:all`.
 */
export type Principal = string;

const principalPattern =
  /^(user:[a-z0-9-]{1,64}|group:[a-z0-9._-]{1,64}:[^\s:]{1,128}|role:[a-z0-9-]{1,64}|department:[a-z0-9-]{1,64}|tenant:all)$/;

/** Parses a principal and folds its case: the one place where that is done. */
export const principalSchema = z
  .string()
  .transform((value) => value.trim().normalize("NFC").toLowerCase())
  .pipe(
    z.string().regex(principalPattern, {
      error: "must be user:<id>, group:<source>:<id>, role:<name>, department:<code> or tenant:all",
    }),
  );

/** Who may read a document. `deny` wins over `allow`; an empty `allow` is nobody. */
export const documentAclSchema = z.strictObject({
  allow: z.array(principalSchema).max(256),
  deny: z.array(principalSchema).max(256).default([]),
  level: levelSchema,
});
export type DocumentAcl = z.infer<typeof documentAclSchema>;

/** A document's ACL with its place in the order of changes. */
export interface VersionedAcl extends DocumentAcl {
  readonly tenant: string;
  readonly aclVersion: number;
}

/** The rights of a caller that decide what may be read. */
export interface AccessRights {
  readonly tenant: string;
  /** Transitive closure, case-folded, unique, sorted. */
  readonly principals: readonly Principal[];
  readonly clearance: number;
}

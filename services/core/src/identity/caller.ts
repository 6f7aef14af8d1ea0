import type { AccessRights, Principal } from "../access/model.ts";
import { Problem } from "../errors.ts";
import { allows, type Permission, type RoleGrant } from "./permissions.ts";

/** How the caller proved who they are. */
export type Credential =
  | { readonly kind: "token"; readonly sessionId: string }
  | { readonly kind: "api-key"; readonly keyId: string }
  | { readonly kind: "client"; readonly clientId: string };

/** What the verifier has established about a caller, read from the store and not from the token's claims. */
export interface CallerFacts extends AccessRights {
  /** `users.id`. */
  readonly subject: string;
  readonly username: string;
  readonly displayName: string;
  readonly department: string;
  readonly grants: readonly RoleGrant[];
  /** Permissions an API key or client is narrowed to; `undefined` for all of the user's. */
  readonly scopes?: readonly string[];
  readonly credential: Credential;
}

let verifying = false;

/**
 * A caller whose credential was checked. Rights-dependent code takes this and nothing weaker, and
 * only {@link constructVerifiedCaller}, which lint allows to the caller verifier alone, can make one.
 */
export class VerifiedCaller implements AccessRights {
  readonly subject: string;
  readonly username: string;
  readonly displayName: string;
  readonly tenant: string;
  readonly department: string;
  readonly principals: readonly Principal[];
  readonly clearance: number;
  readonly credential: Credential;
  readonly #grants: readonly RoleGrant[];
  readonly #scopes: readonly string[] | undefined;

  constructor(facts: CallerFacts) {
    if (!verifying) throw new TypeError("VerifiedCaller is made by the caller verifier only");
    this.subject = facts.subject;
    this.username = facts.username;
    this.displayName = facts.displayName;
    this.tenant = facts.tenant;
    this.department = facts.department;
    this.principals = Object.freeze([...new Set(facts.principals)].sort());
    this.clearance = facts.clearance;
    this.credential = facts.credential;
    this.#grants = facts.grants;
    this.#scopes = facts.scopes;
    Object.freeze(this);
  }

  get grants(): readonly RoleGrant[] {
    return this.#grants;
  }

  /** Whether the caller may do something, in a department where one is named. */
  can(permission: Permission, department?: string): boolean {
    if (this.#scopes && !this.#scopes.includes(permission)) return false;
    return allows(this.#grants, permission, department);
  }

  /** Throws a Problem `forbidden` that names what is missing. */
  require(permission: Permission, department?: string): void {
    if (this.can(permission, department)) return;
    const where = department === undefined ? "" : ` in department ${department}`;
    throw new Problem("forbidden", `This needs the permission ${permission}${where}.`);
  }
}

/** For the caller verifier only; `no-restricted-imports` refuses it elsewhere. */
export function constructVerifiedCaller(facts: CallerFacts): VerifiedCaller {
  verifying = true;
  try {
    return new VerifiedCaller(facts);
  } finally {
    verifying = false;
  }
}

import { randomUUID } from "node:crypto";
import { and, eq, isNull, lt } from "drizzle-orm";
import { SignJWT } from "jose";
import { appendAudit } from "../audit.ts";
import type { Db } from "../db/database.ts";
import { refreshTokens, sessions, users } from "../db/schema/index.ts";
import { Problem } from "../errors.ts";
import { randomSecret, sha256 } from "./secrets.ts";
import { signingAlgorithm, type SigningKeys } from "./signing-keys.ts";

/** Life of an access token in seconds. Its session is looked up on every use, so this bounds nothing but theft. */
export const accessTokenSeconds = 600;
/** Life of a refresh token that is not used, in seconds. */
export const refreshTokenSeconds = 24 * 3600;
/** Life of a session however often it is refreshed, in seconds. */
export const sessionSeconds = 14 * 24 * 3600;

export interface TokenSet {
  readonly accessToken: string;
  /** None for `client_credentials`: a client signs in again with its secret. */
  readonly refreshToken?: string;
  /** Seconds the access token is good for. */
  readonly expiresIn: number;
  readonly sessionId: string;
}

export interface TokenIssuerOptions {
  readonly db: Db;
  readonly keys: SigningKeys;
  readonly issuer: string;
  readonly audience: string;
  /** @default the system clock */
  readonly clock?: () => Date;
}

export interface TokenIssuer {
  /**
   * Opens a session for a user whose credentials were checked.
   * With a client id it is a client's session: no refresh token, and rights narrowed to the client's scopes.
   */
  issueFor(userId: string, clientId?: string): Promise<TokenSet>;
  /**
   * Trades a refresh token for new tokens. A token used before ends the session: either the holder or a thief has it.
   * @throws Problem `invalid-grant`, alike for every reason
   */
  refresh(refreshToken: string): Promise<TokenSet & { readonly userId: string }>;
  /** Ends the session of a refresh token; an unknown token is nobody's and changes nothing. Returns its user. */
  revokeRefreshToken(refreshToken: string): Promise<string | undefined>;
  revokeSession(sessionId: string): Promise<void>;
}

/** Issues ES256 access tokens (RFC 9068) and rotating refresh tokens. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { db, keys, issuer, audience, clock = () => new Date() } = options;

  async function sign(userId: string, sessionId: string, clientId: string | undefined, endsAt: Date) {
    const now = Math.floor(clock().getTime() / 1000);
    const expires = Math.min(now + accessTokenSeconds, Math.floor(endsAt.getTime() / 1000));
    const { kid, key } = await keys.signer();
    const accessToken = await new SignJWT({ sid: sessionId, client_id: clientId ?? audience })
      .setProtectedHeader({ alg: signingAlgorithm, typ: "at+jwt", kid })
      .setIssuer(issuer)
      .setSubject(userId)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .setJti(randomUUID())
      .sign(key);
    return { accessToken, expiresIn: expires - now, sessionId };
  }

  async function newRefreshToken(tx: Db, sessionId: string, sessionEnds: Date): Promise<string> {
    const refreshToken = randomSecret();
    const idleEnd = clock().getTime() + refreshTokenSeconds * 1000;
    const expiresAt = new Date(Math.min(idleEnd, sessionEnds.getTime()));
    await tx.insert(refreshTokens).values({ hash: sha256(refreshToken), sessionId, expiresAt });
    return refreshToken;
  }

  return {
    async issueFor(userId, clientId) {
      const sessionId = randomUUID();
      const lifetime = clientId === undefined ? sessionSeconds : accessTokenSeconds;
      const expiresAt = new Date(clock().getTime() + lifetime * 1000);
      const refreshToken = await db.transaction(async (tx) => {
        await tx.delete(sessions).where(and(eq(sessions.userId, userId), lt(sessions.expiresAt, clock())));
        await tx.insert(sessions).values({ id: sessionId, userId, clientId: clientId ?? null, expiresAt });
        return clientId === undefined ? newRefreshToken(tx, sessionId, expiresAt) : undefined;
      });
      const signed = await sign(userId, sessionId, clientId, expiresAt);
      return refreshToken === undefined ? signed : { ...signed, refreshToken };
    },

    async refresh(refreshToken) {
      const hash = sha256(refreshToken);
      const renewed = await db.transaction(async (tx) => {
        const now = clock();
        const [row] = await tx
          .select({ token: refreshTokens, session: sessions, tenant: users.tenant, disabledAt: users.disabledAt })
          .from(refreshTokens)
          .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
          .innerJoin(users, eq(users.id, sessions.userId))
          .where(eq(refreshTokens.hash, hash));
        if (!row || row.session.revokedAt || row.disabledAt || row.session.expiresAt <= now) return undefined;
        // The database decides which of two simultaneous uses is the first.
        const used = await tx
          .update(refreshTokens)
          .set({ usedAt: now })
          .where(and(eq(refreshTokens.hash, hash), isNull(refreshTokens.usedAt)))
          .returning();
        if (used.length === 0) {
          await endSession(tx, row.session.id, now);
          await appendAudit(tx, {
            tenant: row.tenant,
            actor: "anonymous",
            action: "auth.refresh-token-reused",
            target: `user:${row.session.userId}`,
            outcome: "denied",
            detail: { session: row.session.id },
          });
          return undefined;
        }
        if (row.token.expiresAt <= now) return undefined;
        const next = await newRefreshToken(tx, row.session.id, row.session.expiresAt);
        return { session: row.session, refreshToken: next };
      });
      if (!renewed) throw new Problem("invalid-grant", "The refresh token is not valid. Sign in again.");
      const { session } = renewed;
      const signed = await sign(session.userId, session.id, undefined, session.expiresAt);
      return { ...signed, refreshToken: renewed.refreshToken, userId: session.userId };
    },

    async revokeRefreshToken(refreshToken) {
      const [row] = await db
        .select({ id: sessions.id, userId: sessions.userId })
        .from(refreshTokens)
        .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
        .where(eq(refreshTokens.hash, sha256(refreshToken)));
      if (row) await endSession(db, row.id, clock());
      return row?.userId;
    },

    revokeSession: (sessionId) => endSession(db, sessionId, clock()),
  };
}

async function endSession(db: Db, sessionId: string, now: Date): Promise<void> {
  await db
    .update(sessions)
    .set({ revokedAt: now })
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt)));
}

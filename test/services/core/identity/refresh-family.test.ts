import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { audit } from "@ai-platform/core/db/schema/index.ts";
import { disableUser } from "@ai-platform/core/identity/directory.ts";
import { openSigningKeys } from "@ai-platform/core/identity/signing-keys.ts";
import { createCallerVerifier } from "@ai-platform/core/identity/caller-verifier.ts";
import { createTokenIssuer, refreshTokenSeconds, sessionSeconds } from "@ai-platform/core/identity/token-issuer.ts";
import { and, eq } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestIdentity, type TestIdentity } from "../../../support/identity.ts";

let database: Database;
let identity: TestIdentity;
let now = Date.now();
const clock = () => new Date(now);
let settings: Parameters<typeof createTokenIssuer>[0];
let tokens: ReturnType<typeof createTokenIssuer>;
let verifier: ReturnType<typeof createCallerVerifier>;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
  const keys = await openSigningKeys();
  settings = { db: database.db, keys, issuer: "https://issuer.test", audience: "api", clock };
  tokens = createTokenIssuer(settings);
  verifier = createCallerVerifier(settings);
});
afterAll(() => database.close());

/** What must be true of one sign-in: 30 lines that know nothing of the database. */
interface Family {
  /** Refresh tokens in the order they were handed out; the last one is unused. */
  readonly issued: string[];
  readonly used: Set<number>;
  access: string;
  accessEnds: number;
  alive: boolean;
  idleEnds: number;
  readonly ends: number;
}
interface Model {
  readonly families: Family[];
}
type Real = { readonly userId: string };

const isLive = ({ alive, ends }: Family) => alive && now < ends;

async function checkAccess(family: Family): Promise<void> {
  const works = await verifier.verify({ authorization: `Bearer ${family.access}` }).then(
    () => true,
    () => false,
  );
  expect(works, "access token").toBe(isLive(family) && now < family.accessEnds);
}

class SignIn implements fc.AsyncCommand<Model, Real> {
  readonly check = () => true;
  async run({ families }: Model, { userId }: Real): Promise<void> {
    const { accessToken, refreshToken, expiresIn } = await tokens.issueFor(userId);
    const ends = now + sessionSeconds * 1000;
    const idleEnds = now + refreshTokenSeconds * 1000;
    const accessEnds = Math.floor(now / 1000) * 1000 + expiresIn * 1000;
    const issued = [String(refreshToken)];
    families.push({ issued, used: new Set(), access: accessToken, accessEnds, alive: true, idleEnds, ends });
  }
  readonly toString = () => "sign in";
}

class Refresh implements fc.AsyncCommand<Model, Real> {
  readonly family: number;
  /** How many tokens back from the newest. */
  readonly age: number;
  constructor(family: number, age: number) {
    this.family = family;
    this.age = age;
  }
  readonly check = ({ families }: Readonly<Model>) => families.length > 0;
  async run({ families }: Model, { userId }: Real): Promise<void> {
    const family = families[this.family % families.length];
    if (!family) return;
    const index = Math.max(0, family.issued.length - 1 - this.age);
    const outcome = await tokens.refresh(String(family.issued[index])).catch((error: unknown) => error as Error);
    const reused = family.used.has(index);
    if (isLive(family) && !reused && now < family.idleEnds) {
      if (outcome instanceof Error) throw outcome;
      expect(outcome.userId).toBe(userId);
      family.used.add(index);
      family.issued.push(String(outcome.refreshToken));
      family.access = outcome.accessToken;
      family.accessEnds = Math.floor(now / 1000) * 1000 + outcome.expiresIn * 1000;
      family.idleEnds = now + refreshTokenSeconds * 1000;
    } else {
      expect(outcome).toMatchObject({
        code: "invalid-grant",
        message: "The refresh token is not valid. Sign in again.",
      });
      if (isLive(family)) {
        if (reused) family.alive = false;
        else family.used.add(index);
      }
    }
    await checkAccess(family);
  }
  readonly toString = () => `refresh family ${this.family} with token -${this.age}`;
}

class SignOut implements fc.AsyncCommand<Model, Real> {
  readonly family: number;
  constructor(family: number) {
    this.family = family;
  }
  readonly check = ({ families }: Readonly<Model>) => families.length > 0;
  async run({ families }: Model): Promise<void> {
    const family = families[this.family % families.length];
    if (!family) return;
    await tokens.revokeRefreshToken(String(family.issued[0]));
    family.alive = false;
    for (const each of families) await checkAccess(each);
  }
  readonly toString = () => `sign out of family ${this.family}`;
}

class Wait implements fc.AsyncCommand<Model, Real> {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
  readonly check = () => true;
  async run({ families }: Model): Promise<void> {
    now += this.seconds * 1000;
    for (const family of families) await checkAccess(family);
  }
  readonly toString = () => `wait ${this.seconds} s`;
}

it("keeps one live token per sign-in and ends the sign-in when an old one comes back", async () => {
  const commands = fc.commands(
    [
      fc.constant(new SignIn()),
      fc.tuple(fc.nat(3), fc.constantFrom(0, 0, 0, 1, 2)).map(([family, age]) => new Refresh(family, age)),
      fc.nat(3).map((family) => new SignOut(family)),
      fc.constantFrom(30, 601, refreshTokenSeconds + 1, sessionSeconds / 2).map((seconds) => new Wait(seconds)),
    ],
    { maxCommands: 25, size: "max" },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (run) => {
      const userId = await identity.user();
      await fc.asyncModelRun(() => ({ model: { families: [] }, real: { userId } }), run);
    }),
    { numRuns: 25 },
  );
});

it("does not renew after a day without use, nor after the whole life of the session", async () => {
  const idle = await tokens.issueFor(await identity.user());
  now += refreshTokenSeconds * 1000;
  await expect(tokens.refresh(idle.refreshToken ?? "")).rejects.toMatchObject({ code: "invalid-grant" });

  let { refreshToken = "" } = await tokens.issueFor(await identity.user());
  const end = now + sessionSeconds * 1000;
  for (now += 3_600_000; now < end; now += 23 * 3_600_000) {
    const renewed = await tokens.refresh(refreshToken);
    expect(renewed.expiresIn).toBeLessThanOrEqual(Math.ceil((end - now) / 1000));
    refreshToken = renewed.refreshToken ?? "";
  }
  now = end;
  await expect(tokens.refresh(refreshToken)).rejects.toMatchObject({ code: "invalid-grant" });
});

it("lets one of two simultaneous uses through, and ends the session for the other", async () => {
  const userId = await identity.user();
  const { refreshToken = "" } = await tokens.issueFor(userId);
  const uses = await Promise.allSettled(Array.from({ length: 5 }, () => tokens.refresh(refreshToken)));
  const renewed = uses.flatMap((use) => (use.status === "fulfilled" ? [use.value] : []));
  expect(renewed).toHaveLength(1);
  await expect(verifier.verify({ authorization: `Bearer ${renewed[0]?.accessToken ?? ""}` })).rejects.toBeDefined();
  await expect(tokens.refresh(renewed[0]?.refreshToken ?? "")).rejects.toMatchObject({ code: "invalid-grant" });
  const reused = and(eq(audit.target, `user:${userId}`), eq(audit.action, "auth.refresh-token-reused"));
  expect(await database.db.$count(audit, reused)).toBeGreaterThan(0);
});

it("does not renew for a disabled user, and knows no token it did not make", async () => {
  const userId = await identity.user();
  const { refreshToken = "" } = await tokens.issueFor(userId);
  await disableUser(database.db, identity.tenant, userId);
  for (const token of [refreshToken, "unknown", ""]) {
    await expect(tokens.refresh(token)).rejects.toMatchObject({ code: "invalid-grant" });
  }
});

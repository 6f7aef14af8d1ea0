import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { users } from "@ai-platform/core/db/schema/index.ts";
import { Problem } from "@ai-platform/core/errors.ts";
import { disableUser } from "@ai-platform/core/identity/directory.ts";
import { freeFailures, lockSecondsAfter, lockTable, maxLockSeconds } from "@ai-platform/core/identity/lock-out.ts";
import { signInWithPassword } from "@ai-platform/core/identity/sign-in.ts";
import { hash } from "@node-rs/argon2";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestIdentity, type TestIdentity } from "../../../support/identity.ts";

const password = "correct horse battery";
let database: Database;
let identity: TestIdentity;
beforeAll(async () => {
  database = await openEmbedded();
  identity = await createTestIdentity(database.db);
});
afterAll(() => database.close());

let now = Date.parse("2026-01-01T00:00:00Z");
const attempt = (username: string, guess: string): Promise<string> =>
  signInWithPassword(
    database.db,
    { tenant: identity.tenant, username, password: guess, address: "192.0.2.1" },
    () => new Date(now),
  );
const refusal = (username: string, guess: string): Promise<unknown> =>
  attempt(username, guess).then(
    () => "signed in",
    (error: unknown) => (error instanceof Problem ? error.toDocument() : error),
  );

describe("refusals", () => {
  it("are the same for unknown, wrong, disabled, locked and password-less accounts", async () => {
    await identity.user({ username: "wrong", password });
    const disabled = await identity.user({ username: "gone", password });
    await disableUser(database.db, identity.tenant, disabled);
    const locked = await identity.user({ username: "locked", password });
    await database.db
      .update(users)
      .set({ lockedUntil: new Date(now + 1000) })
      .where(eq(users.id, locked));
    await identity.user({ username: "robot", isService: true });
    const documents = await Promise.all([
      refusal("nobody", password),
      refusal("wrong", "wrong horse battery"),
      refusal("gone", password),
      refusal("locked", password),
      refusal("robot", password),
    ]);
    expect(documents[0]).toMatchObject({ status: 400, type: "urn:ai-platform:problem:invalid-grant" });
    for (const document of documents) expect(document).toEqual(documents[0]);
  });
});

describe("lock-out", () => {
  it("counts up to the free failures, then delays ever longer, and forgets at a success", async () => {
    await identity.user({ username: "victim", password });
    for (let failure = 1; failure <= freeFailures; failure += 1) await refusal("victim", "guess");
    await expect(attempt("victim", password)).resolves.toMatch(/-/);

    for (let failure = 1; failure <= freeFailures + 3; failure += 1) {
      await refusal("victim", "guess");
      now += lockSecondsAfter(failure) * 1000;
    }
    await refusal("victim", "guess");
    const seconds = lockSecondsAfter(freeFailures + 4);
    expect(seconds).toBe(8);
    now += seconds * 1000 - 1;
    expect(await refusal("victim", password)).not.toBe("signed in");
    now += 1;
    await expect(attempt("victim", password)).resolves.toMatch(/-/);
    await refusal("victim", "guess");
    await expect(attempt("victim", password)).resolves.toMatch(/-/);
  });

  it("is not prolonged by attempts during it", async () => {
    const id = await identity.user({ username: "besieged", password });
    for (let failure = 0; failure <= freeFailures; failure += 1) await refusal("besieged", "guess");
    const lockedUntil = async () => (await database.db.select().from(users).where(eq(users.id, id)))[0]?.lockedUntil;
    const before = await lockedUntil();
    for (let failure = 0; failure < 5; failure += 1) await refusal("besieged", "guess");
    expect(await lockedUntil()).toEqual(before);
  });

  it("counts guesses sent at the same time one by one", async () => {
    await identity.user({ username: "raced", password });
    const guesses = Array.from({ length: 20 }, (_, index) => refusal("raced", `guess ${index}`));
    await Promise.all(guesses);
    expect(await refusal("raced", password)).not.toBe("signed in");
  });

  it("has a longest delay", () => {
    expect(lockSecondsAfter(10_000)).toBe(maxLockSeconds);
    expect(lockTable.at(-1)).toBe(maxLockSeconds);
  });
});

it("hashes again at sign-in where the stored hash is weaker than today's", async () => {
  const id = await identity.user({ username: "veteran", password });
  const stored = async () => (await database.db.select().from(users).where(eq(users.id, id)))[0]?.passwordHash;
  const weak = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
  await database.db.update(users).set({ passwordHash: weak }).where(eq(users.id, id));
  await attempt("veteran", password);
  expect(await stored()).toContain("$argon2id$v=19$m=19456,t=2,p=1$");
  await attempt("VETERAN ", password);
});

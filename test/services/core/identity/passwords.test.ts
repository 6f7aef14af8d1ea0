import { hash } from "@node-rs/argon2";
import { checkPasswordRules, hashPassword, needsRehash, verifyPassword } from "@ai-platform/core/identity/passwords.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("password rules", () => {
  it.each(["", "short", "1234567", "é".repeat(7), "password", "PassWord", "12345678", "x".repeat(257)])(
    "refuse %j",
    async (password) => {
      await expect(checkPasswordRules(password)).rejects.toMatchObject({
        code: "invalid-request",
        errors: [{ field: "/password" }],
      });
    },
  );

  it.each([
    "correct horse battery",
    "y".repeat(256),
    "🐝🐝🐝🐝🐝🐝🐝🐝",
    "كلمة سر طويلة",
    "only lower case and spaces",
  ])("accept %j", async (password) => {
    await expect(checkPasswordRules(password)).resolves.toBeUndefined();
  });

  it("do not tell the password", async () => {
    await expect(checkPasswordRules("hunter2")).rejects.not.toThrow("hunter2");
  });
});

describe("password hashes", () => {
  it("take the password they were made of, in either Unicode form, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary", minLength: 1, maxLength: 256 }),
        fc.string(),
        async (password, other) => {
          const stored = await hashPassword(password);
          expect(await verifyPassword(stored, password.normalize("NFD"))).toBe(true);
          expect(await verifyPassword(stored, other)).toBe(other.normalize("NFC") === password.normalize("NFC"));
        },
      ),
      { numRuns: 20 },
    );
  });

  it("that are not there take nothing", async () => {
    for (const stored of [null, undefined]) expect(await verifyPassword(stored, "anything at all")).toBe(false);
  });

  it("are made again when weaker than today's", async () => {
    expect(needsRehash(await hashPassword("correct horse"))).toBe(false);
    expect(needsRehash(await hash("correct horse", { memoryCost: 9728, timeCost: 4, parallelism: 1 }))).toBe(true);
  });

  it("are refused beyond the queue, and served again after it", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 230 }, () => verifyPassword(null, "x")));
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: "unavailable", retryAfter: 5 } });
    await expect(verifyPassword(null, "x")).resolves.toBe(false);
  });
});

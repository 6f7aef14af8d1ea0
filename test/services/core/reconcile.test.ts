import { reconcile } from "@ai-platform/core/reconcile.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const dollars = fc.double({ min: 0.01, max: 1e6, noNaN: true });

describe("reconcile", () => {
  it("balances exactly where charged and idle make the bill", () => {
    fc.assert(fc.property(dollars, dollars, (booked, idle) => reconcile(booked + idle, booked, idle).balanced));
  });

  it("does not balance where more than one per cent is unexplained, either way", () => {
    fc.assert(
      fc.property(dollars, fc.double({ min: 1.02, max: 10, noNaN: true }), (bill, factor) => {
        expect(reconcile(bill, bill * factor, 0).balanced).toBe(false);
        expect(reconcile(bill * factor, bill * 0.5, bill * 0.5 * 0.98).balanced).toBe(false);
      }),
    );
  });

  it("takes what was not charged as idle where nobody measured it, but finds over-charging", () => {
    expect(reconcile(100, 60)).toMatchObject({ idle: 40, balanced: true });
    expect(reconcile(100, 102)).toMatchObject({ idle: 0, balanced: false });
  });
});

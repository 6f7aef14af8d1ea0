import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { HOURS_PER_MONTH, ownedUsdPerHour } from "../../../components/capacity/compute-hosts.ts";
import { hostShare, monthlyBill, splitBill, tokenPrice } from "../../../components/capacity/pricing.ts";
import { replicaThroughput } from "../../../components/capacity/throughput.ts";
import { cards, hostsOf, place } from "./fixtures.ts";

describe("the price of a host", () => {
  it("is the listed one of its type and region, with the date it was read", () => {
    const [host] = hostsOf({ a: { ec2Type: "g5.12xlarge", region: "eu-west-1" } });
    expect(host).toMatchObject({ gpus: 4, usdPerHour: 6.332, priceBasis: "on-demand eu-west-1, 2026-07-20" });
  });

  it.each([
    ["g5.12xlarge", 4141],
    ["g6e.12xlarge", 7660],
    ["p4d.24xlarge", 16_029],
    ["p5.48xlarge", 40_179],
  ])("of a month of %s is %i USD on demand in us-east-1", (ec2Type, usd) => {
    expect((hostsOf({ a: { ec2Type } })[0]?.usdPerHour ?? 0) * HOURS_PER_MONTH).toBeCloseTo(usd, -1);
  });

  it("is the stated one before the listed one", () => {
    expect(hostsOf({ a: { ec2Type: "p5.48xlarge", usdPerHour: 30 } })[0]?.usdPerHour).toBe(30);
  });

  it("of a bought machine is its write-off and its power", () => {
    const owned = { purchaseUsd: 35_040, lifetimeYears: 4, watts: 1500, usdPerKwh: 0.12 };
    expect(ownedUsdPerHour(owned)).toBeCloseTo(35_040 / (4 * 8760) + 1.5 * 0.12);
    expect(hostsOf({ a: { accelerator: "rtx-4090", gpus: 4, owned } })[0]?.usdPerHour).toBeCloseTo(1.18);
  });
});

describe("the monthly bill", () => {
  it("has a line for each replica and for unused cards, and adds up to the hosts' prices", () => {
    const placement = place(
      { fast: { model: "llama-3.1-8b" }, embedding: { model: "bge-m3" } },
      { gpu: { ec2Type: "g5.12xlarge" }, plain: { memoryGiB: 16, usdPerHour: 0.2 } },
    );
    const { lines, totalUsdPerMonth } = monthlyBill(placement);
    expect(lines.map(({ component }) => component)).toEqual(["embedding-1", "fast-1", "gpu (unused)", "plain"]);
    expect(lines[1]?.usdPerMonth).toBeCloseTo((5.672 / 4) * HOURS_PER_MONTH);
    expect(lines[2]?.usdPerMonth).toBeCloseTo((5.672 / 2) * HOURS_PER_MONTH);
    expect(totalUsdPerMonth).toBeCloseTo((5.672 + 0.2) * HOURS_PER_MONTH);
  });

  it("divides a shared card by memory", () => {
    const placement = place(
      { embedding: { model: "bge-m3" }, fast: { model: "qwen2.5-1.5b", context: 4096 } },
      cards("l4", 1),
    );
    const shares = placement.replicas.map((replica) => hostShare(replica, placement));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    expect(shares[1]).toBeGreaterThan(shares[0] ?? 1);
  });
});

describe("the price of a token", () => {
  it("is the time it takes, at the hour's price, apart for prompt and answer", () => {
    const price = tokenPrice(3.6, { prefillTokensPerSecond: 5000, decodeTokensPerSecond: 500 });
    expect(price.inputUsdPerMillion).toBeCloseTo(0.2);
    expect(price.outputUsdPerMillion).toBeCloseTo(2);
  });

  it("with what was served and idle time adds up to what was paid, whatever was served", () => {
    const positive = fc.double({ min: 0.01, max: 1e5, noNaN: true });
    const tokens = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(positive, positive, positive, tokens, tokens, (usdPerHour, prefill, decode, input, output) => {
        const price = tokenPrice(usdPerHour, { prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode });
        const bill = splitBill(usdPerHour * HOURS_PER_MONTH, price, input, output);
        const sum = bill.inputUsd + bill.outputUsd + bill.idleUsd;
        const scale = Math.max(Math.abs(bill.idleUsd), usdPerHour * HOURS_PER_MONTH);
        expect(Math.abs(sum - usdPerHour * HOURS_PER_MONTH) / scale).toBeLessThan(1e-9);
      }),
    );
  });

  it("leaves no idle time when the stated throughput was reached all month", () => {
    const throughput = { prefillTokensPerSecond: 4000, decodeTokensPerSecond: 800 };
    const seconds = HOURS_PER_MONTH * 3600;
    const price = tokenPrice(2, throughput);
    const bill = splitBill(2 * HOURS_PER_MONTH, price, 4000 * seconds * 0.25, 800 * seconds * 0.75);
    expect(bill.idleUsd).toBeCloseTo(0);
  });
});

describe("throughput", () => {
  const speed = (role: object, accelerator: string, gpus = 1) => {
    const [replica] = place({ chat: role }, cards(accelerator, gpus)).replicas;
    if (!replica) throw new Error("no replica");
    return replicaThroughput(replica);
  };

  it("is what the configuration states", () => {
    const throughput = { prefillTokensPerSecond: 1234, decodeTokensPerSecond: 56 };
    expect(speed({ model: "llama-3.1-8b", throughput }, "l4")).toEqual({ ...throughput, basis: "stated" });
  });

  it("else is estimated: above 0, more on a faster card, and reading faster than writing", () => {
    const role = { model: "llama-3.1-8b" };
    const [slow, fast] = [speed(role, "l4"), speed(role, "h100-80")];
    expect(slow.basis).toBe("estimated");
    expect(slow.decodeTokensPerSecond).toBeGreaterThan(0);
    expect(fast.decodeTokensPerSecond).toBeGreaterThan(slow.decodeTokensPerSecond);
    expect(fast.prefillTokensPerSecond).toBeGreaterThanOrEqual(fast.decodeTokensPerSecond);
  });
});

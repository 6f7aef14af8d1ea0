import { describe, expect, it } from "vitest";

import { fleetSchema, planFleet } from "../../../components/capacity/fleet.ts";
import { catalogEntry } from "./fixtures.ts";

const { id: _, ...llama } = catalogEntry("llama-3.1-8b", "awq").model;

const settings = {
  hosts: { gpu: { accelerator: "own-card", gpus: 2, usdPerHour: 1 } },
  roles: { fast: { model: "own-model", replicas: 2 } },
  accelerators: {
    "own-card": {
      usableGiB: 31,
      computeCapability: 12,
      bandwidthGBps: 1792,
      tflopsFp16: 210,
      interconnect: "pcie",
      source: "data sheet",
    },
  },
  models: { "own-model": llama },
};

describe("a fleet in the configuration", () => {
  it("may bring its own cards and models", () => {
    const { replicas } = planFleet(fleetSchema.parse(settings));
    expect(replicas.map(({ name, host, gpus }) => [name, host.accelerator?.name, gpus])).toEqual([
      ["fast-1", "own-card", [0]],
      ["fast-2", "own-card", [1]],
    ]);
  });

  it("refuses keys and roles nobody knows", () => {
    const wrong = { ...settings, roles: { painting: { model: "own-model" } }, gpus: 3 };
    const message = fleetSchema.safeParse(wrong).error?.message;
    expect(message).toContain("painting");
    expect(message).toContain("gpus");
  });

  it("must serve the roles others need", () => {
    expect(() => planFleet(fleetSchema.parse(settings), { neededRoles: ["chat", "fast"] })).toThrow(
      "`roles.chat`: nothing serves this role; give it a `model`",
    );
  });

  it("places a large fleet of one kind, and refuses one that is one replica too large, without a long search", () => {
    const hosts = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`host-${index}`, { accelerator: "l40s", gpus: 4, usdPerHour: 1 }]),
    );
    const fleet = (replicas: number) =>
      fleetSchema.parse({ hosts, roles: { chat: { model: "llama-3.1-8b", context: 131_072, replicas } } });
    expect(planFleet(fleet(40)).replicas).toHaveLength(40);
    expect(() => planFleet(fleet(41))).toThrow("each model fits alone, but not all together");
  });
});

import { expect, it } from "vitest";

import { describeFleet, renderFleetTable } from "../../../components/capacity/fleet-table.ts";
import { place } from "./fixtures.ts";

const placement = place(
  {
    chat: {
      model: "deepseek-r1-distill-llama-70b",
      throughput: { prefillTokensPerSecond: 1500, decodeTokensPerSecond: 450 },
      expectedLoad: 0.4,
    },
    embedding: { model: "bge-m3" },
  },
  { "gpu-1": { ec2Type: "g5.12xlarge" }, "gpu-2": { ec2Type: "g6.xlarge" } },
);

it("describes each replica with where it runs, its memory and its price", () => {
  const [chat, embedding] = describeFleet(placement);
  expect(chat).toMatchObject({
    replica: "chat-1",
    host: "gpu-1",
    gpus: [0, 1, 2, 3],
    tensorParallel: 4,
    throughputBasis: "stated",
  });
  expect(chat?.usdPerMonth).toBeCloseTo(5.672 * 730);
  expect(chat?.outputUsdPerMillion).toBeCloseTo((5.672 / 3600 / 450) * 1e6);
  expect(chat?.idleUsdPerMonth).toBeCloseTo(5.672 * 730 * 0.6);
  expect(embedding).toMatchObject({ host: "gpu-2", kvTokens: 0, throughputBasis: "estimated" });
});

it("renders aligned columns, the bill, its total and idle time on its own line", () => {
  const lines = renderFleetTable(placement).split("\n");
  expect(lines[0]).toMatch(
    /^replica +model +host +gpus +tp +weights +kv +overhead +share +context +full seqs +USD\/month/,
  );
  expect(lines[1]).toMatch(/^chat-1 +deepseek-r1-distill-llama-70b awq +gpu-1 +a10g 0,1,2,3 +4 +9\.3 +2\.5 /);
  const widthOf = (text: string, line = "") => line.indexOf(text) + text.length;
  expect(widthOf("USD/1M in", lines[0])).toBe(widthOf(" 1.050", lines[1]));
  expect(lines[2]).toMatch(/ ~0\.00\d*[1-9]\d* +-$/);
  expect(lines).toContainEqual(expect.stringMatching(/^total per month +4728\.06 USD$/));
  expect(lines).toContainEqual(expect.stringMatching(/^of it idle: chat-1 +2484\.34 USD$/));
});

it("says so when there are no models", () => {
  expect(renderFleetTable({ hosts: [], replicas: [] })).toBe("No models.\n");
});

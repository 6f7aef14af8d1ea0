/** What an EC2 GPU instance has and costs. */
export interface Ec2Type {
  readonly accelerator: string;
  readonly gpus: number;
  readonly vcpus: number;
  /** Host memory, GiB. */
  readonly memoryGiB: number;
  /** On-demand Linux price in USD per hour, by region. A region that is absent does not offer the type or was not read. */
  readonly usdPerHour: Readonly<Record<string, number>>;
}

/** When and where the prices below were read; shown beside every figure computed from them. */
export const ec2PriceSource = {
  date: "2026-07-20",
  source: "Karpenter price table (us-east-1), SkyPilot catalogue (other regions); on-demand, Linux",
} as const;

type Row = [
  type: string,
  gpus: number,
  vcpus: number,
  memoryGiB: number,
  usEast1: number | undefined,
  others?: Record<string, number>,
];

function family(accelerator: string, rows: readonly Row[]): [string, Ec2Type][] {
  return rows.map(([type, gpus, vcpus, memoryGiB, usEast1, others]) => [
    type,
    {
      accelerator,
      gpus,
      vcpus,
      memoryGiB,
      usdPerHour: { ...(usEast1 === undefined ? {} : { "us-east-1": usEast1 }), ...others },
    },
  ]);
}

/** GPU instance types by name. Prices are overridden per host in the configuration. */
export const ec2Types: Readonly<Record<string, Ec2Type>> = Object.fromEntries([
  ...family("a10g", [
    ["g5.xlarge", 1, 4, 16, 1.006, { "eu-west-1": 1.123 }],
    ["g5.2xlarge", 1, 8, 32, 1.212, { "eu-west-1": 1.353, "eu-central-1": 1.5156 }],
    ["g5.4xlarge", 1, 16, 64, 1.624],
    ["g5.8xlarge", 1, 32, 128, 2.448],
    ["g5.16xlarge", 1, 64, 256, 4.096],
    ["g5.12xlarge", 4, 48, 192, 5.672, { "eu-west-1": 6.332, "eu-central-1": 7.0928 }],
    ["g5.24xlarge", 4, 96, 384, 8.144],
    ["g5.48xlarge", 8, 192, 768, 16.288, { "eu-west-1": 18.182 }],
  ]),
  ...family("l4", [
    [
      "g6.xlarge",
      1,
      4,
      16,
      0.8048,
      { "eu-west-3": 1.0216, "eu-central-1": 1.0064, "eu-north-1": 0.8536, "eu-south-2": 0.848 },
    ],
    ["g6.2xlarge", 1, 8, 32, 0.9776],
    ["g6.4xlarge", 1, 16, 64, 1.3232],
    ["g6.8xlarge", 1, 32, 128, 2.0144],
    ["g6.16xlarge", 1, 64, 256, 3.3968],
    ["g6.12xlarge", 4, 48, 192, 4.6016, { "eu-west-3": 5.841 }],
    ["g6.24xlarge", 4, 96, 384, 6.6752],
    ["g6.48xlarge", 8, 192, 768, 13.3504, { "eu-west-3": 16.947 }],
  ]),
  ...family("l40s", [
    ["g6e.xlarge", 1, 4, 32, 1.861],
    ["g6e.2xlarge", 1, 8, 64, 2.242],
    ["g6e.4xlarge", 1, 16, 128, 3.004],
    ["g6e.8xlarge", 1, 32, 256, 4.529],
    ["g6e.16xlarge", 1, 64, 512, 7.577],
    ["g6e.12xlarge", 4, 48, 384, 10.493, { "eu-central-1": 13.12 }],
    ["g6e.24xlarge", 4, 96, 768, 15.066],
    ["g6e.48xlarge", 8, 192, 1536, 30.131],
  ]),
  ...family("rtx-pro-6000", [
    ["g7e.2xlarge", 1, 8, 64, 3.363],
    ["g7e.12xlarge", 2, 48, 512, 8.286],
    ["g7e.24xlarge", 4, 96, 1024, 16.572],
    ["g7e.48xlarge", 8, 192, 2048, 33.144],
  ]),
  ...family("a100-40", [["p4d.24xlarge", 8, 96, 1152, 21.958, { "eu-west-1": 23.7157, "eu-central-1": 27.433 }]]),
  ...family("a100-80", [["p4de.24xlarge", 8, 96, 1152, 27.447, { "eu-central-1": 34.2912 }]]),
  ...family("h100-80", [
    ["p5.4xlarge", 1, 16, 256, 6.88],
    ["p5.48xlarge", 8, 192, 2048, 55.04, { "eu-north-1": 58.8928, "eu-west-2": 71.552 }],
  ]),
  ...family("h200", [
    // Sold as Capacity Blocks only, so there is no on-demand price to read.
    ["p5e.48xlarge", 8, 192, 2048, undefined],
    ["p5en.48xlarge", 8, 192, 2048, 63.296, { "eu-north-1": 67.7267 }],
  ]),
]);

import * as z from "zod";

/** A GPU model. Own cards are added in the configuration with the same schema. */
export const acceleratorSchema = z.strictObject({
  /** GiB CUDA reports as the card's total, which is what vLLM takes its fraction of; less than the name says. */
  usableGiB: z.number().positive(),
  /** CUDA compute capability, e.g. 8.9. */
  computeCapability: z.number().positive(),
  /** Memory bandwidth in GB/s; bounds decoding speed. */
  bandwidthGBps: z.number().positive(),
  /** Dense FP16 tensor TFLOPS with FP32 accumulation; bounds prefill speed. */
  tflopsFp16: z.number().positive(),
  /** How cards of one host reach each other. */
  interconnect: z.enum(["nvlink", "pcie"]),
  /** Where the figures were read. */
  source: z.string().min(1),
});

export type AcceleratorSpec = Readonly<z.output<typeof acceleratorSchema>>;
export interface Accelerator extends AcceleratorSpec {
  readonly name: string;
}

const ec2Memory = "EC2 instance-types reference 2026-07-20, less what the driver keeps";

/**
 * Known cards. `usableGiB` is rounded down from totals printed by CUDA in public reports; bandwidth and TFLOPS are
 * vendor figures without sparsity.
 */
export const accelerators: Readonly<Record<string, AcceleratorSpec>> = {
  "rtx-3090": {
    usableGiB: 23.5,
    computeCapability: 8.6,
    bandwidthGBps: 936,
    tflopsFp16: 71,
    interconnect: "pcie",
    source: "vllm-project/vllm#14447 prints 23.58 GiB",
  },
  "rtx-4090": {
    usableGiB: 23.5,
    computeCapability: 8.9,
    bandwidthGBps: 1008,
    tflopsFp16: 165,
    interconnect: "pcie",
    source: "vllm-project/vllm#13061 prints 23.08 GiB at a fraction of 0.98",
  },
  a10g: {
    usableGiB: 22,
    computeCapability: 8.6,
    bandwidthGBps: 600,
    tflopsFp16: 70,
    interconnect: "pcie",
    source: `22,888 MiB, ${ec2Memory}`,
  },
  l4: {
    usableGiB: 22,
    computeCapability: 8.9,
    bandwidthGBps: 300,
    tflopsFp16: 121,
    interconnect: "pcie",
    source: `22,888 MiB, ${ec2Memory}`,
  },
  l40s: {
    usableGiB: 44.4,
    computeCapability: 8.9,
    bandwidthGBps: 864,
    tflopsFp16: 362,
    interconnect: "pcie",
    source: `45,776 MiB, ${ec2Memory}`,
  },
  "a100-40": {
    usableGiB: 39.4,
    computeCapability: 8.0,
    bandwidthGBps: 1555,
    tflopsFp16: 312,
    interconnect: "nvlink",
    source: "CUDA reports 39.50 to 39.59 GiB (TianheWu/CoSeR#10, raoyongming/DenseCLIP#52)",
  },
  "a100-80": {
    usableGiB: 79.1,
    computeCapability: 8.0,
    bandwidthGBps: 2039,
    tflopsFp16: 312,
    interconnect: "nvlink",
    source: "CUDA reports 79.25 GiB (levihsu/OOTDiffusion#235)",
  },
  "h100-80": {
    usableGiB: 79.1,
    computeCapability: 9.0,
    bandwidthGBps: 3350,
    tflopsFp16: 989,
    interconnect: "nvlink",
    source: "CUDA reports 79.11 to 79.22 GiB (vllm-project/vllm#27508, #10511)",
  },
  h200: {
    usableGiB: 139.5,
    computeCapability: 9.0,
    bandwidthGBps: 4800,
    tflopsFp16: 989,
    interconnect: "nvlink",
    source: `144,384 MiB, ${ec2Memory}`,
  },
  "rtx-pro-6000": {
    usableGiB: 94.5,
    computeCapability: 12.0,
    bandwidthGBps: 1597,
    tflopsFp16: 500,
    interconnect: "pcie",
    source: `98,304 MiB, ${ec2Memory}; speed from the vendor's data sheet`,
  },
};

import { accelerators } from "../../components/capacity/accelerators.ts";
import { resolveHosts } from "../../components/capacity/compute-hosts.ts";
import { resolveRequests, roleSchema } from "../../components/capacity/fleet-request.ts";
import { modelCatalog } from "../../components/capacity/model-catalog.ts";
import { placeFleet } from "../../components/capacity/placement.ts";
import { FleetError } from "../../components/capacity/problems.ts";
import { vllmArgs } from "../../components/models/vllm-args.ts";

const hosts = resolveHosts({
  cpu: { memoryGiB: 256, usdPerHour: 1 },
  ...Object.fromEntries(
    Object.keys(accelerators).flatMap((accelerator) =>
      [1, 2, 4, 8].map((gpus) => [`${accelerator}x${gpus}`, { accelerator, gpus, usdPerHour: 1 }]),
    ),
  ),
});

/** Every command line the catalog's models get on any number of any card, without repetition. */
export function renderCommands(): string[][] {
  const commands = new Map<string, string[]>();
  for (const model of Object.values(modelCatalog).filter(({ kind }) => kind === "generate")) {
    for (const { quantisation } of model.checkpoints) {
      for (const host of hosts) {
        const role = { model: model.id, quantisation, sequences: 1, context: 8192, hosts: [host.name] };
        const revision = "0123456789abcdef0123456789abcdef01234567";
        const args = renderCommand({ ...role, revision });
        if (args) commands.set(args.join(" "), args);
      }
    }
  }
  return [...commands.values()];
}

function renderCommand(role: object): string[] | undefined {
  try {
    const requests = resolveRequests({ chat: roleSchema.parse(role) }, hosts);
    const [replica] = placeFleet(requests, hosts).replicas;
    return replica && vllmArgs(replica);
  } catch (error) {
    if (error instanceof FleetError) return undefined; // This model does not fit this host.
    throw error;
  }
}

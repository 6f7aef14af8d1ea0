import { accelerators } from "../../../components/capacity/accelerators.ts";
import { type ComputeHost, type ComputeHostSpec, resolveHosts } from "../../../components/capacity/compute-hosts.ts";
import {
  type ModelRequest,
  type ModelRole,
  resolveRequests,
  roleSchema,
} from "../../../components/capacity/fleet-request.ts";
import { modelCatalog } from "../../../components/capacity/model-catalog.ts";
import type { Checkpoint, Model } from "../../../components/capacity/model-schema.ts";
import { placeFleet, type Placement } from "../../../components/capacity/placement.ts";

/** Hosts of `count` cards each, at one dollar an hour. */
export function cards(accelerator: string, count: number, name = "host"): Record<string, ComputeHostSpec> {
  return { [name]: { accelerator, gpus: count, usdPerHour: 1 } };
}

export function hostsOf(specs: Record<string, ComputeHostSpec>): ComputeHost[] {
  return resolveHosts(specs);
}

export function requestsOf(roles: Partial<Record<ModelRole, object>>, hosts: readonly ComputeHost[]): ModelRequest[] {
  const parsed = Object.fromEntries(Object.entries(roles).map(([role, spec]) => [role, roleSchema.parse(spec)]));
  return resolveRequests(parsed, hosts);
}

export function place(roles: Partial<Record<ModelRole, object>>, specs: Record<string, ComputeHostSpec>): Placement {
  const hosts = hostsOf(specs);
  return placeFleet(requestsOf(roles, hosts), hosts);
}

export function catalogEntry(id: string, quantisation: string): { model: Model; checkpoint: Checkpoint } {
  const model = modelCatalog[id];
  const checkpoint = model?.checkpoints.find((entry) => entry.quantisation === quantisation);
  if (!model || !checkpoint) throw new Error(`${id} ${quantisation} is not in the catalog`);
  return { model, checkpoint };
}

export const acceleratorNames = Object.keys(accelerators);

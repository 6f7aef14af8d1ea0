import * as z from "zod";

import { acceleratorSchema } from "./accelerators.ts";
import { computeHostSchema, resolveHosts } from "./compute-hosts.ts";
import { type ModelRole, modelRoles, type RequestOptions, resolveRequests, roleSchema } from "./fleet-request.ts";
import { modelSchema } from "./model-schema.ts";
import { placeFleet, type Placement } from "./placement.ts";

/** A model fleet as it stands in the configuration. */
export const fleetSchema = z.strictObject({
  /** Machines models may run on, by the name of their host. */
  hosts: z.record(z.string(), computeHostSchema),
  /** What each role is served by. */
  roles: z.partialRecord(z.enum(Object.keys(modelRoles) as [ModelRole, ...ModelRole[]]), roleSchema),
  /** Cards the catalog does not know. @default none */
  accelerators: z.record(z.string(), acceleratorSchema).default({}),
  /** Models the catalog does not know. @default none */
  models: z.record(z.string(), modelSchema).default({}),
  /** Fetch nothing; the weights are in the hosts' caches. @default false */
  offline: z.boolean().default(false),
});
export type FleetSettings = Readonly<z.output<typeof fleetSchema>>;

/**
 * Computes where each model runs, how its memory is spent and what it costs, before anything is created.
 * @throws FleetError with everything that is wrong; its fields are paths below the fleet's settings
 */
export function planFleet(settings: FleetSettings, options: Omit<RequestOptions, "models"> = {}): Placement {
  const hosts = resolveHosts(settings.hosts, settings.accelerators);
  const requests = resolveRequests(settings.roles, hosts, { ...options, models: settings.models });
  return placeFleet(requests, hosts);
}

import type { AgentDefinition, AgentName } from "../agent.ts";
import { hrAgent } from "./hr.ts";
import { itAgent } from "./it.ts";
import { legalAgent } from "./legal.ts";

/** Every agent of the platform. A new one is one more file and one more line. */
export const agents: Readonly<Record<AgentName, AgentDefinition>> = { legal: legalAgent, hr: hrAgent, it: itAgent };

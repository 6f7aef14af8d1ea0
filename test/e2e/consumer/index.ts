import * as pulumi from "@pulumi/pulumi";
import { readPlatform } from "../../../stacks/outputs.ts";

/** Full name of the platform's stack; on a backend of one's own `organization/ai-platform/<environment>`. */
const stack = new pulumi.Config().require("platform");
const platform = readPlatform(new pulumi.StackReference("platform", { name: stack }), pulumi.all);

/** What this team needs of it. */
export const openaiBaseUrl = platform.openaiBaseUrl;
export const models = platform.modelRoles;

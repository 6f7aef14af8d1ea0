export { embeddedTenant } from "@ai-platform/core/db/data-folder.ts";

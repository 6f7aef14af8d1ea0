export * from "./documents.ts";
export * from "./gateway.ts";
export * from "./identity.ts";
export * from "./records.ts";

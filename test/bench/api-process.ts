import type { AddressInfo } from "node:net";
import { openEmbedded } from "@ai-platform/core/db/database.ts";
import { createAuthorizer } from "@ai-platform/core/gateway/authorizer.ts";
import { createTestApp } from "../support/app.ts";
import { createTestIdentity } from "../support/identity.ts";

/** The real API with its authorizer, in a process of its own, so that the bench does not share its event loop. */
const database = await openEmbedded();
const identity = await createTestIdentity(database.db);
const authorizer = createAuthorizer({
  db: database.db,
  verifier: identity.verifier,
  servedModels: ["chat"],
});
const app = await createTestApp({ database, identity, deps: { gateway: { authorizer, usageKey: "usage-key" } } });
await app.listen({ host: "127.0.0.1", port: 0 });
const { port } = app.server.address() as AddressInfo;
console.log(JSON.stringify({ port, token: await identity.token(await identity.user()) }));

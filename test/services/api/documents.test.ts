import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import type { App } from "@ai-platform/api/deps.ts";
import { createIngestWorker, type IngestWorker } from "@ai-platform/ingest/worker.ts";
import { createTestApp } from "../../support/app.ts";
import { createTestIdentity, type TestIdentity, type UserSpec } from "../../support/identity.ts";
import { openTestStore } from "../../support/vector.ts";

const logger = createLogger({ service: "test", level: "silent" });
let database: Database;
let store: VectorStore;
let identity: TestIdentity;
let worker: IngestWorker;
let app: App;

beforeAll(async () => {
  database = await openEmbedded();
  store = await openTestStore("pgvector", database);
  identity = await createTestIdentity(database.db);
  worker = createIngestWorker({ db: database.db, store, logger });
  const retriever = createRetriever({ db: database.db, store, logger });
  app = await createTestApp({ database, identity, deps: { store, retriever } });
});
afterAll(async () => {
  await app.close();
  await worker.drain();
  await database.close();
});

/** Somebody signed in, as headers. */
async function as(spec: UserSpec): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await identity.token(await identity.user(spec))}` };
}
const editorOf = (department: string, clearance = 1) =>
  as({
    department,
    clearance,
    roles: [
      { role: "editor", department },
      { role: "employee", department: "*" },
    ],
  });

interface Form {
  readonly department?: string;
  readonly allow?: readonly string[];
  readonly level?: string;
  readonly fileName?: string;
  readonly extra?: Readonly<Record<string, string>>;
}

/** Sends the upload form as a browser does. */
async function upload(headers: { authorization: string }, text: string | Uint8Array, form: Form = {}) {
  const { department = "hr", allow = ["department:hr"], level = "1", fileName = "conges.md", extra = {} } = form;
  const body = new FormData();
  body.append("file", new File([text], fileName));
  body.append("department", department);
  for (const principal of allow) body.append("allow", principal);
  body.append("level", level);
  for (const [name, value] of Object.entries(extra)) body.append(name, value);
  const request = new Request("http://test/", { method: "POST", body });
  return app.inject({
    method: "POST",
    url: "/documents",
    headers: { ...headers, "content-type": request.headers.get("content-type") ?? "" },
    payload: Buffer.from(await request.arrayBuffer()),
  });
}

const get = (headers: { authorization: string }, url: string) => app.inject({ url, headers });

describe("a document", () => {
  it("is handed in, read by whom it allows and by nobody else, shared and deleted", async () => {
    const editor = await editorOf("hr");
    const colleague = await as({ department: "hr" });
    const stranger = await as({ department: "it" });
    const sent = await upload(editor, "# Congés\n\nVingt-deux jours par an.");
    expect(sent.statusCode).toBe(202);
    const { jobId, documentId } = sent.json<{ jobId: string; documentId: string }>();
    expect(sent.headers.location).toBe(`/documents/jobs/${jobId}`);
    await worker.runUntilIdle();
    expect((await get(editor, `/documents/jobs/${jobId}`)).json()).toMatchObject({ status: "done", documentId });

    const url = `/documents/${documentId}`;
    const listed = async (who: { authorization: string }) =>
      (await get(who, "/documents")).json<{ documents: { id: string }[] }>().documents.map(({ id }) => id);
    expect((await get(colleague, url)).json()).toMatchObject({ passages: [{ text: "Vingt-deux jours par an." }] });
    expect(await listed(colleague)).toContain(documentId);
    expect((await get(stranger, url)).statusCode).toBe(404);
    expect(await listed(stranger)).not.toContain(documentId);

    const acl = { allow: ["department:it"], deny: [], level: 1 };
    const share = (who: { authorization: string }) =>
      app.inject({ method: "PUT", url: `${url}/acl`, headers: who, payload: acl });
    expect((await share(await editorOf("it"))).statusCode).toBe(404);
    expect((await share(editor)).statusCode).toBe(200);
    expect((await get(stranger, url)).statusCode).toBe(200);
    expect((await get(colleague, url)).statusCode).toBe(404);

    const remove = (who: { authorization: string }) => app.inject({ method: "DELETE", url, headers: who });
    expect((await remove(stranger)).statusCode).toBe(403);
    expect((await remove(await editorOf("it"))).statusCode).toBe(404);
    expect((await remove(editor)).statusCode).toBe(204);
    expect((await get(stranger, url)).statusCode).toBe(404);
  });

  it("sent eight times at once is one document and one job", async () => {
    const editor = await editorOf("hr");
    const sent = await Promise.all(Array.from({ length: 8 }, () => upload(editor, "# Paie\n\nLe 28 du mois.")));
    expect(sent.map((one) => one.statusCode)).toEqual(Array.from({ length: 8 }, () => 202));
    expect(new Set(sent.map((one) => one.body)).size).toBe(1);
  });

  it.each([
    ["a department that is not one", { department: "Human Resources" }, 400, "/department"],
    ["a principal that is none", { allow: ["bob"] }, 400, "/allow/0"],
    ["a level that is none", { level: "9" }, 400, "/level"],
    ["a field nobody knows", { extra: { public: "yes" } }, 400, "/public"],
    ["a level above one's own", { level: "2" }, 403, "/level"],
  ])("with %s is refused with the field", async (_, form: Form, status, field) => {
    const answer = await upload(await editorOf("hr"), "# Congés", form);
    expect(answer.statusCode).toBe(status);
    expect(answer.json<{ errors: { field: string }[] }>().errors.map((error) => error.field)).toContain(field);
  });

  it("is refused for another department, for the wrong bytes and without a form", async () => {
    const editor = await editorOf("hr");
    expect((await upload(editor, "# Congés", { department: "it" })).statusCode).toBe(403);
    expect((await upload(editor, "%PDF-1.7", { fileName: "a.txt" })).statusCode).toBe(415);
    expect((await upload(editor, "MZ", { fileName: "a.exe" })).statusCode).toBe(415);
    const plain = await app.inject({
      method: "POST",
      url: "/documents",
      headers: editor,
      payload: { department: "hr" },
    });
    expect(plain.statusCode).toBe(415);
    expect((await upload(await as({ department: "hr" }), "# Congés")).statusCode).toBe(403);
  });

  it("that is there already gets new rights only from somebody who may share it", async () => {
    const service = await as({ department: "hr", clearance: 1, roles: [{ role: "service", department: "hr" }] });
    expect((await upload(service, "# Notes\n\nUne note.")).statusCode).toBe(202);
    await worker.runUntilIdle();
    expect((await upload(service, "# Notes\n\nUne note.")).statusCode).toBe(202);
    expect((await upload(service, "# Notes\n\nUne note.", { allow: ["tenant:all"] })).statusCode).toBe(404);
    expect((await upload(await editorOf("hr"), "# Notes\n\nUne note.", { allow: ["tenant:all"] })).statusCode).toBe(
      202,
    );
  });

  it("has a job that others see only where they may write", async () => {
    const { jobId } = (await upload(await editorOf("hr"), "# Secret\n\nTexte.")).json<{ jobId: string }>();
    expect((await get(await editorOf("hr"), `/documents/jobs/${jobId}`)).statusCode).toBe(200);
    expect((await get(await editorOf("it"), `/documents/jobs/${jobId}`)).statusCode).toBe(404);
    const abroad = await createTestIdentity(database.db);
    const user = await abroad.user({ roles: [{ role: "editor", department: "hr" }] });
    const elsewhere = await identity.tokens.issueFor(user);
    const seen = await get({ authorization: `Bearer ${elsewhere.accessToken}` }, `/documents/jobs/${jobId}`);
    expect(seen.statusCode).toBe(404);
  });
});

import fc from "fast-check";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { noteIndexedAcl, setAcl } from "@ai-platform/core/access/acl-store.ts";
import { createAclSync } from "@ai-platform/core/access/acl-sync.ts";
import { createRetriever } from "@ai-platform/core/access/create-retriever.ts";
import type { Retriever } from "@ai-platform/core/access/retriever.ts";
import type { Database } from "@ai-platform/core/db/database.ts";
import { documents } from "@ai-platform/core/db/schema/index.ts";
import { createLogger } from "@ai-platform/core/logger.ts";
import type { VectorStore } from "@ai-platform/core/vector/store.ts";
import { openTestDatabase } from "../../../support/database.ts";
import { mayRead } from "../../../support/oracle.ts";
import { openTestStore, testedStores } from "../../../support/vector.ts";
import {
  anyAcl,
  anyWorld,
  buildWorld,
  indexVersion,
  worldWords,
  type BuiltWorld,
  type World,
  type WorldAcl,
} from "../../../support/world.ts";

const logger = createLogger({ service: "test", level: "silent" });

/** A document as the model knows it. */
interface ModelDocument {
  acl: WorldAcl | undefined;
  deleted: boolean;
  live: number | undefined;
  newest: number;
  /** A version whose chunks are in the index and not published yet. */
  staged: { version: number; aclVersion: number; acl: WorldAcl | undefined } | undefined;
  /** Rights that the index holds for the live version. */
  indexed: WorldAcl | undefined;
}

interface Model {
  readonly world: World;
  readonly documents: ModelDocument[];
}

interface Real {
  readonly database: Database;
  readonly store: VectorStore;
  readonly retriever: Retriever;
  readonly built: BuiltWorld;
}

type Command = fc.AsyncCommand<Model, Real>;

/** What the index says of a document without an ACL row; see `indexVersion`. */
const everybody: WorldAcl = { allow: ["all"], deny: [], level: 0 };

/** A command on one document of the world, by place. */
function onDocument(
  name: string,
  place: number,
  can: (document: ModelDocument) => boolean,
  run: (document: ModelDocument, id: string, real: Real, at: number) => Promise<void>,
): Command {
  const at = (model: Readonly<Model>) => place % model.documents.length;
  return {
    check: (model) => can(model.documents[at(model)] as ModelDocument),
    run: (model, real) =>
      run(model.documents[at(model)] as ModelDocument, real.built.documentIds[at(model)] ?? "", real, at(model)),
    toString: () => `${name}(${String(place)})`,
  };
}

const changeAcl = (place: number, acl: WorldAcl): Command =>
  onDocument(
    `changeAcl ${JSON.stringify(acl)}`,
    place,
    (document) => !document.deleted,
    async (document, id, { database, built }) => {
      await setAcl(database.db, id, built.acl(acl), "system");
      document.acl = acl;
    },
  );

const stage = (place: number): Command =>
  onDocument(
    "stage",
    place,
    (document) => !document.deleted && !document.staged,
    async (document, id, { database, store }) => {
      const version = document.newest + 1;
      const aclVersion = await indexVersion({ db: database.db, store }, id, version, { words: worldWords, chunks: 2 });
      document.newest = version;
      document.staged = { version, aclVersion, acl: document.acl ?? everybody };
    },
  );

const publish = (place: number): Command =>
  onDocument(
    "publish",
    place,
    (document) => document.staged !== undefined && !document.deleted,
    async (document, id, { database }) => {
      const { version, aclVersion, acl } = document.staged as NonNullable<ModelDocument["staged"]>;
      await database.db.transaction(async (tx) => {
        await tx.update(documents).set({ liveVersion: version }).where(eq(documents.id, id));
        await noteIndexedAcl(tx, id, aclVersion);
      });
      Object.assign(document, { live: version, indexed: acl, staged: undefined });
    },
  );

const cleanUp = (place: number): Command =>
  onDocument(
    "cleanUp",
    place,
    (document) => document.live !== undefined,
    (document, id, { store }) => store.remove(id, document.live),
  );

const remove = (place: number): Command =>
  onDocument(
    "delete",
    place,
    (document) => !document.deleted,
    async (document, id, { database }) => {
      await database.db.update(documents).set({ deletedAt: new Date() }).where(eq(documents.id, id));
      document.deleted = true;
    },
  );

const sync: Command = {
  check: () => true,
  async run(model, { database, store }) {
    const aclSync = createAclSync({ db: database.db, store, logger });
    while ((await aclSync.runOnce()) > 0);
    for (const document of model.documents) {
      if (!document.acl) continue;
      document.indexed = document.acl;
      if (document.staged) document.staged.acl = document.acl;
    }
  },
  toString: () => "sync",
};

const query = (who: number): Command => ({
  check: () => true,
  async run({ world, documents: model }, { retriever, built }) {
    const user = world.users[who % world.users.length];
    const caller = built.callers[who % world.users.length];
    if (!user || !caller) throw new Error("a world has users");
    const { passages } = await retriever.search(caller, {
      query: [...worldWords, "version"].join(" "),
      limit: 100,
      exact: true,
    });
    const expected = model.flatMap((document, at) => {
      const facts = { ...(world.documents[at] as World["documents"][number]), state: "live" as const };
      const readable =
        !document.deleted &&
        document.live !== undefined &&
        mayRead(world, user, { ...facts, acl: document.acl }) &&
        mayRead(world, user, { ...facts, acl: document.indexed });
      return readable ? [`${String(at)} version ${String(document.live)}`] : [];
    });
    const found = passages.map(
      (passage) =>
        `${String(built.documentIds.indexOf(passage.documentId))} version ${String(passage.documentVersion)}`,
    );
    // One entry per document: two versions of one document would show as two.
    expect([...new Set(found)].sort()).toEqual(expected.sort());
  },
  toString: () => `query(${String(who)})`,
});

// Hundreds of small worlds are built through the real directory: minutes on a machine that does other things as well.
vi.setConfig({ testTimeout: 300_000 });

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

describe.each(testedStores())("documents that change on %s", (kind) => {
  it("P9: show whole live versions under the rights of the moment, in any order of events", async () => {
    const store = await openTestStore(kind, database);
    const retriever = createRetriever({ db: database.db, store, logger });
    const place = fc.nat(7);
    const commands = fc.commands(
      [
        fc.tuple(place, anyAcl).map(([at, acl]) => changeAcl(at, acl)),
        place.map(stage),
        place.map(publish),
        place.map(cleanUp),
        place.map(remove),
        fc.constant(sync),
        fc.nat(3).map(query),
        fc.nat(3).map(query),
      ],
      { size: "+1", maxCommands: 40 },
    );
    await fc.assert(
      fc.asyncProperty(anyWorld, commands, async (world, run) => {
        const setup = async () => {
          const built = await buildWorld({ db: database.db, store }, world);
          const model = world.documents.map((document): ModelDocument => ({
            acl: document.acl,
            deleted: document.state === "deleted",
            live: document.state === "unpublished" ? undefined : 2,
            newest: 2,
            staged: undefined,
            indexed: document.acl ?? everybody,
          }));
          return { model: { world, documents: model }, real: { database, store, retriever, built } };
        };
        await fc.asyncModelRun(setup, run);
      }),
      { numRuns: 15 },
    );
    await store.close();
  });
});

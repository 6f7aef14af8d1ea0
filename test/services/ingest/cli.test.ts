import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimDataFolder, type ClaimedFolder } from "@ai-platform/core/db/data-folder.ts";
import { openEmbedded, type Database } from "@ai-platform/core/db/database.ts";
import { parseOptions } from "@ai-platform/ingest/cli/options.ts";
import { answerIngestCalls, connectLocalQueue } from "@ai-platform/ingest/local-ingest.ts";
import { everybody, submission } from "../../support/ingest.ts";

const rights = ["--department", "hr", "--allow", "department:hr"];

describe("the command line", () => {
  it("tells a source's kind from its form", () => {
    const kindOf = (...argv: string[]) => {
      const options = parseOptions([...argv, ...rights]);
      return options === "help" ? "help" : options.target.kind;
    };
    expect(kindOf("docs")).toBe("files");
    expect(kindOf("https://a.test/x")).toBe("web");
    expect(kindOf("tickets.sql", "--key", "id")).toBe("sql");
    expect(parseOptions(["--help"])).toBe("help");
  });

  it("takes rights in any case, several of each, and level 1 unless told", () => {
    const argv = ["docs", ...rights, "--allow", "Tenant:ALL", "--deny", "user:bob"];
    expect(parseOptions(argv)).toMatchObject({
      acl: { allow: ["department:hr", "tenant:all"], deny: ["user:bob"], level: 1 },
    });
  });

  it.each([
    [[], "nothing to read; give a file, folder, address or query.sql"],
    [["a", "b", ...rights], "one thing at a time; got a b"],
    [["docs", "--allow", "tenant:all"], "--department is missing"],
    [["docs", "--department", "hr"], "--allow is missing, so nobody could read it"],
    [["docs", "--department", "hr", "--allow", "bob"], '--allow got "bob"; it must be user:<id>'],
    [["docs", ...rights, "--level", "4"], '--level got "4"; give a whole number from 0 to 3'],
    [["https://a.test", ...rights, "--follow", "-1"], "--follow"],
    [["tickets.sql", ...rights], "--key is missing"],
    [["docs", ...rights, "--fast"], "--fast"],
  ])("%j is refused in one line", (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});

describe("a running platform's data folder", () => {
  let database: Database;
  let folder: string;
  let claim: ClaimedFolder;
  beforeAll(async () => {
    database = await openEmbedded();
    folder = await mkdtemp(join(tmpdir(), "aip-local-"));
    claim = await claimDataFolder(folder);
  });
  afterAll(async () => {
    await claim.release();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("takes documents, tells of their jobs, and gives problems as they are", async () => {
    claim.serve(answerIngestCalls(database.db, "demo"));
    const queue = await connectLocalQueue(folder);
    const { jobId, documentId } = (await queue?.submit(submission("", "# Note\n\nTexte."))) ?? {};
    expect(await queue?.job(jobId ?? "")).toMatchObject({ id: jobId, documentId, status: "queued", department: "hr" });
    const wrong = submission("", "text", { department: "No Code", acl: everybody });
    await expect(queue?.submit(wrong)).rejects.toMatchObject({ code: "invalid-request" });
  });

  it("is told from one where nothing runs", async () => {
    expect(await connectLocalQueue(join(folder, "none"))).toBeUndefined();
  });
});

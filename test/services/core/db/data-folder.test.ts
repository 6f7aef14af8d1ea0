import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claimDataFolder } from "../../../../services/core/src/db/data-folder.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "aip-data-folder-"));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe("the data folder", () => {
  it("is created for its owner alone", async () => {
    const claim = await claimDataFolder(join(parent, "new", "data"));
    expect((await stat(claim.folder)).mode & 0o077).toBe(0);
    await claim.release();
  });

  it("has one process at a time, and is free again when that one releases it", async () => {
    const first = await claimDataFolder(parent);
    await expect(claimDataFolder(parent)).rejects.toThrow(`--data-dir ${parent} is in use by another process`);
    await first.release();
    await (await claimDataFolder(parent)).release();
  });

  it("is free again when its process was killed", async () => {
    const module = new URL("../../../../services/core/src/db/data-folder.ts", import.meta.url).href;
    const script = `const { claimDataFolder } = await import(${JSON.stringify(module)});
      await claimDataFolder(${JSON.stringify(parent)}); console.log("claimed"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(claimDataFolder(parent)).rejects.toThrow("in use");
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await claimDataFolder(parent)).release();
  });

  it("is refused in one line where it is a file", async () => {
    const file = join(parent, "file");
    await writeFile(file, "");
    await expect(claimDataFolder(file)).rejects.toThrow(
      /^--data-dir .* cannot be written \(EEXIST\); choose another folder$/,
    );
  });

  it.skipIf(process.getuid?.() === 0)(
    "is refused where it may not be written (not for root, who may write anywhere)",
    async () => {
      const folder = join(parent, "read-only");
      await mkdir(folder);
      await chmod(folder, 0o500);
      await expect(claimDataFolder(folder)).rejects.toThrow("cannot be written (EACCES)");
    },
  );
});

import { readdir, readFile } from "node:fs/promises";
import fastify from "fastify";
import { beforeAll, describe, expect, it } from "vitest";
import { webFiles, webRoutes } from "../../../services/api/src/web/web-routes.ts";

const folder = new URL("../../../services/api/src/web/public/", import.meta.url);
const app = fastify();
beforeAll(() => app.register(webRoutes).ready());

describe("the files of the web page", () => {
  it("are all served, and nothing beside them", async () => {
    const present = (await readdir(folder)).filter((file) => file !== "index.html").sort();
    expect([...webFiles].sort()).toEqual(present);
    for (const file of webFiles) expect((await app.inject(`/assets/${file}`)).statusCode, file).toBe(200);
    for (const path of ["/assets/../web-routes.ts", "/assets/%2e%2e/web-routes.ts", "/index.html", "/assets/"]) {
      expect((await app.inject(path)).statusCode, path).toBe(404);
    }
  });

  it("come with a policy that runs no inline code and loads nothing from elsewhere", async () => {
    const { headers, body } = await app.inject("/");
    expect(headers["content-type"]).toContain("text/html");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/);
  });

  it("never turn text into markup", async () => {
    for (const file of webFiles.filter((name) => name.endsWith(".js"))) {
      const code = await readFile(new URL(file, folder), "utf8");
      expect(code, file).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|srcdoc/);
    }
  });
});

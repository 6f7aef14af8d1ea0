import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startEmbedded, type EmbeddedPlatform } from "../../../services/api/src/embedded/platform.ts";
import { readSettings } from "../../../services/api/src/embedded/settings.ts";
import { findChromium, launchBrowser } from "../../support/browser.ts";

const chromium = findChromium();
if (!chromium) console.log("skipped: the web page in a browser, for no Chromium is on the PATH or in CHROMIUM_PATH");

/** Nobody listens there, so that a model server of the developer's machine does not answer. */
const settings = readSettings({ OPENAI_BASE_URL: "http://127.0.0.1:9" });

describe.skipIf(!chromium)("the web page", () => {
  let dataDir: string;
  let platform: EmbeddedPlatform;
  let browser: Browser;
  let page: Page;
  /** What the browser complained about: refused scripts, failed loads, exceptions. */
  let complaints: string[];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "aip-page-"));
    platform = await startEmbedded({ port: 0, host: "127.0.0.1", dataDir }, settings);
    browser = await launchBrowser(chromium ?? "");
  });
  afterAll(async () => {
    await browser.close();
    for (const step of platform.shutdown) await step.run();
    await rm(dataDir, { recursive: true, force: true });
  });

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1200, height: 760 } });
    complaints = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(platform.address);
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await page.close();
  });

  function passwordOf(username: string): string {
    const created = platform.passwords.find(({ user }) => user.username === username);
    if (!created) throw new Error(`no demo user ${username}`);
    return created.password;
  }

  async function signIn(username: string): Promise<void> {
    await page.getByLabel("User name").fill(username);
    await page.getByLabel("Password").fill(passwordOf(username));
    await page.keyboard.press("Enter");
    await page.getByLabel("Your question").waitFor();
  }

  async function ask(agent: string, question: string): Promise<string> {
    await page.getByRole("radio", { name: agent }).check({ force: true });
    await page.getByLabel("Your question").fill(question);
    await page.keyboard.press("Enter");
    await page.getByText("The answer is complete.").waitFor({ state: "attached" });
    return page.getByRole("article").last().innerText();
  }

  async function documentTitles(): Promise<string[]> {
    await page.getByRole("button", { name: "Documents", exact: true }).click();
    await page.getByRole("heading", { name: "Documents you may read" }).waitFor();
    return page.locator(".documents button > span").allInnerTexts();
  }

  it("answers with a citation that opens the passage, and Escape gives the focus back", async () => {
    await signIn("salma");
    const question = "Quelle est la durée de la période d'essai d'un cadre ?";
    expect(await ask("Legal", question)).toContain("Art. 14, loi n° 65-99 (Code du travail)");

    const source = page.locator("li").getByRole("button", { name: /Art. 14/ });
    await source.click();
    expect(await page.locator(".passage.cited mark").innerText()).toMatch(/la période d'essai est de trois mois/);
    if (process.env.SCREENSHOT) await screenshot("screenshot.png");
    await page.keyboard.press("Escape");
    expect(await page.locator("#panel").isVisible()).toBe(false);
    expect(await source.and(page.locator(":focus")).count()).toBe(1);
  });

  it("lets another user find neither the document nor its name", async () => {
    await signIn("amina");
    expect(await documentTitles()).toContain("Grille salariale");
    await page.getByRole("button", { name: "Close the panel" }).click();
    expect(await ask("Human resources", "Quelle est la grille salariale du niveau N3 ?")).toContain("22 000");

    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn("youssef");
    expect(await documentTitles()).not.toContain("Grille salariale");
    await page.getByRole("button", { name: "Close the panel" }).click();
    const answer = await ask("Human resources", "Quelle est la grille salariale du niveau N3 ?");
    expect(answer).not.toContain("22 000");
    expect(answer).not.toContain("Grille salariale");
  });

  it("shows an Arabic answer from right to left", async () => {
    await signIn("salma");
    await ask("Legal", "ما هي مدة إجازة الولادة؟");
    expect(await page.getByRole("article").last().locator(":is(p, li):dir(rtl)").count()).toBeGreaterThan(0);
  });

  it("indexes an uploaded document while one watches, and answers from it", async () => {
    await signIn("amina");
    await documentTitles();
    await page.getByLabel("File (PDF, Markdown, text or HTML)").setInputFiles({
      name: "parking.md",
      mimeType: "text/markdown",
      buffer: Buffer.from(
        "# Parking\n\nLe parking du site compte 42 places, réservées au covoiturage avant 9 heures.\n",
      ),
    });
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("Added: it can be asked about now.").waitFor();
    expect(await page.locator(".documents button > span").allInnerTexts()).toContain("Parking");
    await page.keyboard.press("Escape");
    expect(await ask("Human resources", "Combien de places compte le parking ?")).toContain("42 places");
  });

  it("offers no upload to those who may not add documents", async () => {
    await signIn("ilyas");
    await documentTitles();
    expect(await page.getByLabel("File (PDF, Markdown, text or HTML)").count()).toBe(0);
  });

  it("says what is wrong with a password in words, and takes none away", async () => {
    await page.getByLabel("User name").fill("amina");
    await page.getByLabel("Password").fill("wrong password");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: /\S/ }).waitFor();
    expect(await page.getByLabel("User name").inputValue()).toBe("amina");
    complaints = complaints.filter((text) => !text.includes("status of 400"));
  });

  it.each([
    ["a phone", { width: 400, height: 780 }],
    ["a desktop", { width: 1200, height: 760 }],
  ])("does not scroll sideways on %s", async (_name, size) => {
    await page.setViewportSize(size);
    await signIn("amina");
    await ask("Human resources", "Le télétravail depuis l'étranger est-il permis ?");
    await page.locator(".source").first().click();
    const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
  });

  async function screenshot(file: string): Promise<void> {
    const path = fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url));
    await page.screenshot({ path });
  }
});

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** Path of an installed Chromium: `CHROMIUM_PATH`, else the first one on the PATH. */
export function findChromium(): string | undefined {
  const candidates = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  return [process.env.CHROMIUM_PATH ?? "", ...candidates].find(isExecutable);
}

/** Starts a headless browser that talks to nobody by itself. */
export async function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    // It shows our own page only, and neither root in a container nor a hardened kernel gets Chromium's sandbox.
    chromiumSandbox: false,
    args: ["--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update"],
  });
}

function isExecutable(path: string): boolean {
  if (path === "") return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

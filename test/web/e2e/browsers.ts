/** Once before all: start the browsers; they stay for every file of tests. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserServer, chromium, firefox } from "playwright-core";
import type { TestProject } from "vitest/node";

export type BrowserName = "chromium" | "firefox";

declare module "vitest" {
  interface ProvidedContext {
    /** Where each browser listens for Playwright. */
    browsers: Record<BrowserName, string>;
    /** The folder that Firefox downloads to. */
    downloads: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const downloads = await mkdtemp(join(tmpdir(), "lstmkit-downloads-"));
  const servers: Record<BrowserName, BrowserServer> = {
    chromium: await chromium.launchServer({
      executablePath: "/usr/bin/chromium",
      host: "127.0.0.1",
      args: [
        "--no-sandbox", // Chromium's own sandbox refuses to run as root, as CI does
        "--enable-blink-features=ForceEagerMeasureMemory", // memory is measured at once, not within 20 s
      ],
    }),
    firefox: await firefox.launchServer({
      channel: "moz-firefox",
      executablePath: fileURLToPath(new URL("firefox.js", import.meta.url)),
      host: "127.0.0.1",
      downloadsPath: downloads,
    }),
  };
  project.provide("browsers", {
    chromium: servers.chromium.wsEndpoint(),
    firefox: servers.firefox.wsEndpoint(),
  });
  project.provide("downloads", downloads);
  return async () => {
    await Promise.all(Object.values(servers).map((server) => server.close()));
    await rm(downloads, { recursive: true });
  };
}

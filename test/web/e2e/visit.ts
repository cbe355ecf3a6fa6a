/** A visitor of the built page, in a browser of their own, who notices what must never happen. */
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  firefox,
  type Page,
} from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { ISOLATION, Site } from "../../site.ts";
import type { BrowserName } from "./browsers.ts";

export const BROWSERS: readonly BrowserName[] = ["chromium", "firefox"];

const WEB = fileURLToPath(new URL("../../../web/dist", import.meta.url));

/** Milliseconds that a click or a text may take to come; training takes its own. */
const PATIENCE = 15_000;

export interface VisitOptions extends BrowserContextOptions {
  /**
   * Whether the page may share memory; by default in Chromium only. Firefox 153, while WebDriver BiDi watches its
   * workers, now and then never starts one that a worker starts, as the threads of a team are.
   */
  isolated?: boolean;
  /** The folder of the site that the page is in; its root by default. */
  at?: string;
  /** Whether files are sent as gzip. */
  compressed?: boolean;
  /** Whether to go to the page at once; true by default. */
  open?: boolean;
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly site: Site;
  /** Of the page. */
  readonly address: string;
  /** Errors, violations of the policy, and requests to elsewhere; a test fails if some are left at its end. */
  readonly faults: string[];
}

/** Visits in one browser, for the tests of a describe block; each ends with its test. */
export function visitsIn(name: BrowserName): (options?: VisitOptions) => Promise<Visit> {
  let browser: Browser;
  let visits: Visit[] = [];

  beforeAll(async () => {
    browser = await { chromium, firefox }[name].connect(inject("browsers")[name]);
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    const ended = visits;
    visits = [];
    for (const { context, site } of ended) {
      await context.close();
      site.close();
    }
    expect(ended.flatMap(({ faults }) => faults)).toEqual([]);
  });

  return async ({
    isolated = name === "chromium",
    at = "/",
    compressed = false,
    open = true,
    ...options
  } = {}) => {
    const headers = isolated ? ISOLATION : {};
    const site = new Site({ folder: WEB, headers, at, compressed });
    const address = await site.open();
    const context = await browser.newContext({
      ...(name === "chromium" ? { locale: "en-US" } : { colorScheme: null }),
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const visit = { page, context, site, address, faults: await watch(context, site.origin) };
    visits.push(visit);
    if (open) await page.goto(address);
    return visit;
  };
}

/** Writes down from now on what must never happen in any page of a context. */
async function watch(context: BrowserContext, origin: string): Promise<string[]> {
  const faults: string[] = [];
  context.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  context.on("weberror", (error) => faults.push(`error: ${error.error()}`));
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`request: ${request.url()}`);
  });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} forbids ${blockedURI}`);
    });
  });
  return faults;
}

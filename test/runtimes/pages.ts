/** Pages served on the loopback address, and browsers that are sent to them. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Headers, ISOLATION, Site } from "../site.ts";

/** What docs/runtimes.md says a page's policy must allow: this and no more. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

interface Outcome {
  result?: unknown;
  error?: { code?: string; message: string };
}

/** A site whose pages post one outcome to /report. */
function reportingSite(folder: string, headers: Headers): { site: Site; outcome: Promise<Outcome> } {
  let settle: (outcome: Outcome) => void;
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const report = async (request: IncomingMessage, response: ServerResponse) => {
    settle(JSON.parse(Buffer.concat(await request.toArray()).toString()) as Outcome);
    response.end();
  };
  return { site: new Site({ folder, headers, routes: { "/report": report } }), outcome };
}

export type BrowserName = "chromium" | "firefox" | "webkit";

/** Command and arguments that show `url` with an empty profile in `profile`, on no screen. */
const COMMANDS: Record<BrowserName, (url: string, profile: string) => [string, ...string[]]> = {
  chromium: (url, profile) => [
    "chromium",
    "--headless",
    "--no-sandbox", // Chromium's own sandbox refuses to run as root, as CI does
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    `--user-data-dir=${profile}`,
    url,
  ],
  firefox: (url, profile) => ["firefox-esr", "--headless", "--no-remote", "--profile", profile, url],
  webkit: (url) => ["xvfb-run", "-a", MINI_BROWSER, "--private", url],
};

/** Of the package webkit2gtk-driver: WebKitGTK in a plain window. */
const MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/** WebKitGTK, unlike Safari, lets not even an isolated page share memory unless it is told to. */
const SHARED_MEMORY: Partial<Record<BrowserName, NodeJS.ProcessEnv>> = {
  webkit: { JSC_useSharedArrayBuffer: "1" },
};

/** Firefox's own pages and reports, off. */
const FIREFOX_PREFERENCES = `
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.normandy.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
`;

export interface Visit {
  /** What the site is made of. */
  folder: string;
  /** The page, from the folder, with its query. */
  page: string;
  /** Content-Security-Policy; none where it is absent. */
  policy?: string;
  /** Whether its pages may share memory. */
  isolated?: boolean;
  /** More arguments for Chromium. */
  flags?: readonly string[];
  /** Starts another server that shows the pages and passes /report on to the one given; tells its address. */
  front?(site: string): Promise<string>;
}

/**
 * Send a fresh browser to a page.
 *
 * @returns what the page reports
 * @throws what it reports to have failed with, `code` included; or with the browser's last words, when
 *   nothing is reported within a minute
 */
export async function visit(
  browser: BrowserName,
  { folder, page, policy, isolated, flags = [], front }: Visit,
): Promise<unknown> {
  const { site, outcome } = reportingSite(folder, {
    ...(policy !== undefined && { "Content-Security-Policy": policy }),
    ...(isolated && ISOLATION),
  });
  const profile = await mkdtemp(join(tmpdir(), `lstmkit-${browser}-`));
  await writeFile(join(profile, "user.js"), FIREFOX_PREFERENCES);
  const origin = await site.open();
  const url = new URL(page, front ? await front(origin) : origin).href;
  const [command, ...args] = COMMANDS[browser](url, profile);
  const child = spawn(command, [...flags, ...args], {
    detached: true, // a group of its own, to be ended as one
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: profile, ...(isolated && SHARED_MEMORY[browser]) },
  });
  try {
    const { result, error } = await Promise.race([outcome, silence(browser, child)]);
    if (error) throw Object.assign(new Error(`in ${browser}: ${error.message}`), { code: error.code });
    return result;
  } finally {
    await end(child);
    site.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Rejects when the browser does not start, ends, or is silent for a minute. */
function silence(browser: BrowserName, child: ChildProcess): Promise<never> {
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  return new Promise((_, reject) => {
    const fail = (what: string) => reject(new Error(`${browser} ${what}\n${words}`));
    child.once("error", (error) => fail(`did not start: ${error.message}`));
    child.once("exit", (code) => fail(`ended with ${code}`));
    setTimeout(() => fail("reported nothing for a minute"), 60_000).unref();
  });
}

/** Ask the whole group to end, and after three seconds end it. */
async function end({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return;
  const signal = (name: NodeJS.Signals | 0) => {
    try {
      return process.kill(-pid, name);
    } catch {
      return false; // nobody is left
    }
  };
  signal("SIGTERM");
  for (let turn = 0; turn < 30 && signal(0); turn++) await sleep(100);
  signal("SIGKILL");
}

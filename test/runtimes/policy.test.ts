import { readFile } from "node:fs/promises";
import { describe, expect, inject, test } from "vitest";
import { type BrowserName, POLICY, visit } from "./pages.ts";
import { leftOut } from "./without.ts";

/** That pages work under the policy is what matrix.test.ts shows: all of its pages are served with it. */
test("the policy is the documented one", async () => {
  expect(await readFile(new URL("../../docs/runtimes.md", import.meta.url), "utf8")).toContain(POLICY);
});

const browsers: BrowserName[] = ["chromium", "firefox"];

describe.each(browsers.filter((name) => !leftOut(name)))("%s", (browser) => {
  const load = (policy: string) =>
    visit(browser, { folder: inject("site"), page: "page.html?mode=worker&threads=1", policy });

  test("refuses the kernels without 'wasm-unsafe-eval'", async () => {
    const policy = POLICY.replace(" 'wasm-unsafe-eval'", "");
    await expect(load(policy)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("refuses the worker without worker-src", async () => {
    const policy = POLICY.replace("worker-src 'self'", "worker-src 'none'");
    await expect(load(policy)).rejects.toMatchObject({ code: "WORKER_FAILED" });
  });
});

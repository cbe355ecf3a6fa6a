import { describe, expect, inject, test } from "vitest";
import { type BrowserName, visit } from "./pages.ts";
import { leftOut } from "./without.ts";

/** How a fit ended, and how long after it was made to. */
interface End {
  code: string;
  ms: number;
}

const browsers: BrowserName[] = ["chromium", "firefox"];

describe.each(browsers.filter((name) => !leftOut(name)))("%s", (browser) => {
  test("a terminated worker and an abort end a fit within a second, and 50 workers come and go", async () => {
    const page = { folder: inject("site"), page: "ended.html", isolated: true };
    const observed = (await visit(browser, page)) as { terminated: End; aborted: End; rounds: number };
    expect(observed.terminated.code).toBe("WORKER_DIED");
    expect(observed.terminated.ms).toBeLessThan(1000);
    expect(observed.aborted.code).toBe("ABORTED");
    expect(observed.aborted.ms).toBeLessThan(1000);
    expect(observed.rounds).toBe(50);
  });
});

import { describe, expect, inject, test } from "vitest";
import { type BrowserName, visit } from "./pages.ts";
import { leftOut } from "./without.ts";

/** How a fit ended, and how long after it was made to. */
interface End {
  code: string;
  ms: number;
}

/** How a fit ended whose thread was ended, what the next call said, and how long close() took. */
interface Lost extends End {
  next: string;
  closing: number;
}

const browsers: BrowserName[] = ["chromium", "firefox"];

describe.each(browsers.filter((name) => !leftOut(name)))("%s", (browser) => {
  test("a terminated worker or thread and an abort end a fit within a second, and 50 workers come and go", async () => {
    const page = { folder: inject("site"), page: "ended.html", isolated: true };
    const observed = (await visit(browser, page)) as {
      terminated: End;
      lost: [Lost, Lost];
      aborted: End;
      rounds: number;
    };
    expect(observed.terminated.code).toBe("WORKER_DIED");
    expect(observed.terminated.ms).toBeLessThan(1000);
    for (const { code, next, closing } of observed.lost) {
      expect([code, next]).toEqual(["THREAD_FAILED", "THREAD_FAILED"]);
      expect(closing).toBeLessThan(1000);
    }
    expect(observed.lost[0].ms).toBeLessThan(1000);
    // Nobody tells of this end but a lock, which Chromium frees up to 2 s later: so long it lets the thread work.
    expect(observed.lost[1].ms).toBeLessThan(3500);
    expect(observed.aborted.code).toBe("ABORTED");
    expect(observed.aborted.ms).toBeLessThan(1000);
    expect(observed.rounds).toBe(50);
  });
});

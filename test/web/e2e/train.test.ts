import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { choose, picture, pressStart, SMALL, train, trained } from "./actions.ts";
import { digestOf } from "./terminal.ts";
import { BROWSERS, visitsIn } from "./visit.ts";

const told = async (page: Page, id: string) => (await page.locator(id).textContent())!;

/** Steps enough that there is time to look on, in a second or two. */
const MANY_STEPS = { units: "16,8", vector: "16", epochs: "2", batch: "2", seed: "7" };

const CURVE = ".chart canvas >> nth=0";
const STEP = ".steps p";

describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  // Tried again for Firefox's sake: see `isolated`.
  test("two epochs are watched, paused and resumed, and the command shown gives the same digest", {
    retry: name === "firefox" ? 2 : 0,
  }, async () => {
    const { page } = await visit({ isolated: true });
    await choose(page, { ...MANY_STEPS, threads: "2" });
    await pressStart(page);
    const first = await picture(page, CURVE);
    await expect.poll(() => picture(page, CURVE)).not.toBe(first);
    await expect
      .poll(() => told(page, STEP))
      .toMatch(/^LSTM · epoch 1 of 2 · step [\d,]+ of 2,\d+ · \d+ s left · [\d.]+ ms a step · .*threads: 2$/);

    await page.getByRole("button", { name: "Pause" }).click();
    await expect.poll(() => told(page, "#status")).toBe("Paused.");
    const seen = async () => [await told(page, STEP), await picture(page, CURVE)];
    // What was on its way when it was pressed is drawn within a tenth of a second; then nothing is.
    await sleep(300);
    const paused = await seen();
    await sleep(500);
    expect(await seen()).toEqual(paused);

    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("row", { name: /^1 LSTM/ }).waitFor();
    expect(await page.getByRole("button", { name: "Start" }).isDisabled()).toBe(true);
    await trained(page);
    await page.getByRole("row", { name: /^2 LSTM/ }).waitFor();
    expect(await told(page, "#digest-lstm")).toBe(await digestOf(await told(page, "#command-lstm")));
  });

  test("a page in a folder, without shared memory, says why it has one thread, and trains to the same digest", async () => {
    const { page } = await visit({ isolated: false, at: "/some/folder/" });
    expect(await page.evaluate(() => typeof SharedArrayBuffer)).toBe("undefined");
    await choose(page, SMALL);
    await expect(page.getByLabel("Threads").isDisabled()).resolves.toBe(true);
    await page.getByText(/^One thread only, and the same result: .*Cross-Origin-Opener-Policy/).waitFor();
    await pressStart(page);
    await trained(page);
    expect(await told(page, STEP)).toMatch(/threads: 1$/);
    expect(await told(page, "#digest-lstm")).toBe(await digestOf(await told(page, "#command-lstm")));
  });
});

describe("in Chromium alone", () => {
  const visit = visitsIn("chromium");

  test("LSTM and SimpleRNN train side by side, each to its command's digest, and runs are kept", async () => {
    const { page } = await visit();
    await train(page, { ...SMALL, cell: "Both", seed: "3" });
    const digests = { lstm: await told(page, "#digest-lstm"), rnn: await told(page, "#digest-rnn") };
    expect(digests).toEqual({
      lstm: await digestOf(await told(page, "#command-lstm")),
      rnn: await digestOf(await told(page, "#command-rnn")),
    });
    await train(page, { ...SMALL, cell: "SimpleRNN", seed: "4" });
    expect(await told(page, "#digest-rnn")).not.toBe(digests.rnn);
    const rows = page.locator("#runs-table tbody tr");
    await expect(rows.allInnerTexts()).resolves.toEqual([
      expect.stringMatching(/^2\t.*spam\tSimpleRNN\tunits 8, epochs 1, seed 4\t[\d.]+%\tDelete/s),
      expect.stringMatching(
        /^1\t.*spam\tBoth\tunits 8, epochs 1, seed 3\tLSTM [\d.]+%, SimpleRNN [\d.]+%\t/s,
      ),
    ]);
    await page.getByRole("button", { name: "Look at run 1" }).click();
    expect(await told(page, "#digest-lstm")).toBe(digests.lstm);
    expect(await told(page, "#digest-rnn")).toBe(digests.rnn);
    await page.getByRole("button", { name: "Delete run 1" }).click();
    expect(await rows.count()).toBe(1);
  });

  test("a CSV file is split by class; counts are shown, and a class that the test lacks", async () => {
    const { page } = await visit();
    const csv = async (spam: readonly string[]) => {
      const ham = Array.from({ length: 40 }, (_, i) => `Re: number ${i},ham`);
      const buffer = Buffer.from(["text,label", ...ham, ...spam].join("\n"));
      await page.getByRole("radio", { name: "Own CSV" }).check();
      await page.getByLabel("CSV file").setInputFiles({ name: "mail.csv", mimeType: "text/csv", buffer });
      await page.getByLabel("Text column").waitFor();
      await train(page);
      return page.locator("#parts p").allInnerTexts();
    };
    await expect(csv(["prize 1,Spam", "prize 2,spam", "prize 3,spam"])).resolves.toEqual([
      expect.stringMatching(
        /^Training texts: 34 \(32 ham, 2 spam\); test texts: 9 \(8 ham, 1 spam\)\. Who always says ham has an accuracy of 88\.9% on the test set\. Of the 26 words in the test set, [\d.]+% are not in the vocabulary\.$/,
      ),
    ]);
    await expect(csv(["prize,spam", "prize,spam"])).resolves.toEqual([
      expect.stringMatching(/^Training texts: 34 \(32 ham, 2 spam\); test texts: 8 \(8 ham, 0 spam\)\./),
      "Test set: no text is spam, so its accuracy says little.",
    ]);
  });
});

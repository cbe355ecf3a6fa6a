import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { choose, HAM, predictions, pressStart, SMALL, SPAM, save, train, trained, write } from "./actions.ts";
import { BROWSERS, visitsIn } from "./visit.ts";

const file = (name: string, content: string | Buffer) => ({
  name,
  mimeType: "application/octet-stream",
  buffer: Buffer.from(content),
});

const alert = (page: Page) => page.getByRole("alert").filter({ visible: true });

describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  test("files that cannot be used are refused in words, and the model on the page stays", async () => {
    const { page } = await visit();
    await train(page);
    await write(page, SPAM);
    const before = await predictions(page);
    const { bytes } = await save(page);

    for (const broken of [bytes.subarray(0, 1000), Buffer.from("no model"), Buffer.alloc(0)]) {
      await page.getByLabel("Load a model").setInputFiles(file("broken.safetensors", broken));
      await alert(page)
        .getByText(/^The model file cannot be read; nothing was changed\./)
        .waitFor();
    }

    await page.getByRole("radio", { name: "IMDB" }).check();
    await page.getByLabel("Or choose the files").setInputFiles(file("imdb.npz", "no archive"));
    await page.getByText("There: imdb.npz").waitFor();
    await pressStart(page);
    await page
      .locator("#train")
      .getByRole("alert")
      .filter({ hasText: "The .npz file cannot be read." })
      .waitFor();
    expect(await page.locator("#start").isEnabled()).toBe(true);

    await page.getByRole("radio", { name: "Own CSV" }).check();
    await page.getByLabel("CSV file").setInputFiles(file("numbers.csv", "width,height\n3,4\n5,6\n"));
    await page.getByLabel("Text column").waitFor();
    await pressStart(page);
    await page.getByText("Choose the column with the texts and the one with the classes.").waitFor();
    await page.getByLabel("CSV file").setInputFiles(file("empty.csv", ""));
    await page
      .locator("#data")
      .getByRole("alert")
      .filter({ hasText: "The CSV file cannot be read." })
      .waitFor();

    await write(page, `${SPAM} More`);
    await write(page, SPAM);
    await expect.poll(() => predictions(page)).toEqual(before);
    await page.getByRole("row", { name: /spam LSTM units 8/ }).waitFor();
    await page.getByRole("radio", { name: "Spam" }).check();
    await train(page);
  });

  test("settings that cannot be used are marked with what can, and what does not fit says how to make it fit", async () => {
    const { page } = await visit();
    await choose(page, { ...SMALL, units: "0", epochs: "x" });
    await pressStart(page);
    await page.getByText("Whole numbers from 1 on, with commas between, such as 64,64.").waitFor();
    await page.getByText("A whole number from 1 on.").filter({ visible: true }).waitFor();
    await page.getByText("Some settings cannot be used; they are marked.").waitFor();
    const units = page.getByLabel("Units of each layer");
    expect(await units.getAttribute("aria-invalid")).toBe("true");
    expect(await units.evaluate((field) => field === document.activeElement)).toBe(true);

    await choose(page, { ...SMALL, units: "100000" });
    await pressStart(page);
    await alert(page)
      .getByText("This does not fit in memory. Make it smaller, or close other tabs.")
      .waitFor();
    await alert(page)
      .getByText(/OUT_OF_MEMORY|GiB/)
      .waitFor();
    await train(page);
    expect(await alert(page).count()).toBe(0);
  });

  test("when the worker dies while it trains, the page says so once, and trains again at once", async () => {
    const { page, context, address } = await visit({ open: false });
    await context.addInitScript(() => {
      const { terminate } = Worker.prototype;
      let isToDie = false;
      const dieInPrediction = () => {
        isToDie = true;
      };
      Object.assign(globalThis, { dieInPrediction });
      globalThis.Worker = class extends Worker {
        override postMessage(message: unknown, rest?: object): void {
          super.postMessage(message, rest as StructuredSerializeOptions);
          if (!isToDie || !JSON.stringify(message).includes('"predict"')) return;
          isToDie = false;
          // Without a word to anybody, as a browser ends it: not by the method that the library puts over it.
          terminate.call(this);
        }
      };
    });
    await page.goto(address);
    await choose(page, { units: "16", vector: "16", epochs: "50", batch: "8" });
    await pressStart(page);
    await expect.poll(() => page.locator(".steps p").textContent()).toMatch(/epoch 2 of 50/);
    const dieInPrediction = () =>
      page.evaluate(() => (globalThis as unknown as { dieInPrediction(): void }).dieInPrediction());
    const told = () => alert(page).locator("strong").allTextContents();
    const gone = "The worker has ended. Start again; a new one is used.";
    // The text is predicted again and again while the model trains: two calls that will have no answer.
    await dieInPrediction();
    await trained(page);
    expect(await page.locator("#status").textContent()).toBe("Training has failed.");
    expect(await told()).toEqual([gone]);
    await train(page);
    expect(await told()).toEqual([]);
    // Nothing trains: the prediction tells it.
    await dieInPrediction();
    await page.getByLabel("Text", { exact: true }).fill(HAM);
    await expect.poll(told).toEqual([gone]);
    await train(page);
    expect(await told()).toEqual([]);
  });
});

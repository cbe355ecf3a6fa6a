import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { drop, HAM, predictions, SPAM, save, train, write } from "./actions.ts";
import { BROWSERS, visitsIn } from "./visit.ts";

const sentence = (page: Page) => page.locator("#predictions .sentence").textContent();

describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  test("predicts as one types, and the saved model says the same after a reload, chosen or dropped", async () => {
    const { page } = await visit();
    await train(page, { units: "8", vector: "16", epochs: "2", batch: "16" });
    const field = page.getByLabel("Text", { exact: true });
    await field.pressSequentially("Claim your free ");
    await page.getByText(/^Words read: 3 of 3;/).waitFor();
    const early = await predictions(page);
    await write(page, SPAM);
    await expect.poll(() => sentence(page)).toMatch(/^LSTM: spam, [\d.]+%$/);
    const ofSpam = await predictions(page);
    expect(ofSpam).not.toEqual(early);
    await write(page, HAM);
    await expect.poll(() => sentence(page)).toMatch(/^LSTM: ham, [\d.]+%$/);
    const ofHam = await predictions(page);

    const { name: file, bytes } = await save(page);
    expect(file).toBe("spam-lstm.safetensors");
    const mimeType = "application/octet-stream";
    for (const give of [
      () => page.getByLabel("Load a model").setInputFiles({ name: file, mimeType, buffer: bytes }),
      () => drop(page, file, bytes),
    ]) {
      await page.reload();
      await page.getByText("There is no model yet.").waitFor();
      await give();
      await page.getByText(`Loaded: ${file}`).waitFor();
      await write(page, SPAM);
      await expect.poll(() => predictions(page)).toEqual(ofSpam);
      await write(page, HAM);
      await expect.poll(() => predictions(page)).toEqual(ofHam);
    }
  });
});

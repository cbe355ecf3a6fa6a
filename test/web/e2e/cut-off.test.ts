/** A page that is reloaded in the middle of a training: it is offered to go on, and ends with the digest of one that was not. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { choose, pressStart, trained } from "./actions.ts";
import { digestOf } from "./terminal.ts";
import { BROWSERS, visitsIn } from "./visit.ts";

const LONG = { units: "16", vector: "16", epochs: "12", batch: "2", seed: "7" };
const TOLD = "A training on this page was cut off before its end.";

/** How many checkpoints the page's origin has. */
const checkpoints = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open("lstmkit");
        opening.onupgradeneeded = () => opening.transaction!.abort(); // there is none yet
        opening.onerror = () => resolve(0);
        opening.onsuccess = () => {
          const counting = opening.result.transaction("checkpoints").objectStore("checkpoints").count();
          counting.onsuccess = () => resolve(counting.result);
          counting.onerror = () => reject(counting.error);
          opening.result.close();
        };
      }),
  );

const row = (page: Page, epoch: number) => page.getByRole("row", { name: new RegExp(`^${epoch} LSTM`) });

describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  test("a reload in the middle of training is gone on from, to the digest of the command", async () => {
    const { page, context, address } = await visit({ isolated: false });
    await choose(page, LONG);
    await pressStart(page);
    await row(page, 1).waitFor({ timeout: 60_000 });
    await expect.poll(() => checkpoints(page), { timeout: 30_000 }).toBeGreaterThan(0);

    // Another tab has the training's checkpoints not, and is told nothing of it.
    const other = await context.newPage();
    await other.goto(address);
    await other.getByRole("button", { name: "Start" }).waitFor();
    expect(await other.getByText(TOLD).isVisible()).toBe(false);
    await other.close();

    await page.reload();
    await page.getByText(TOLD).waitFor();
    await page.getByRole("radio", { name: "한국어" }).check();
    await page.getByText("이 페이지의 학습이 끝나기 전에 중단되었습니다.").waitFor();
    await page.getByRole("button", { name: "이어서 학습" }).waitFor();
    await page.getByRole("radio", { name: "EN", exact: true }).check();
    await page.getByRole("button", { name: "Go on with it" }).click();
    await row(page, 1).waitFor(); // from before the reload
    expect(await page.getByText(TOLD).isVisible()).toBe(false);
    await page.locator("#digest-lstm").waitFor({ timeout: 90_000 });
    await trained(page);
    await row(page, 12).waitFor();
    const command = (await page.locator("#command-lstm").textContent())!;
    expect(await page.locator("#digest-lstm").textContent()).toBe(await digestOf(command));
    expect(await checkpoints(page)).toBe(0);
    await page.reload();
    await page.getByRole("button", { name: "Start" }).waitFor();
    expect(await page.getByText(TOLD).isVisible()).toBe(false);
  }, 240_000);

  test("what was cut off may be discarded; and one that was stopped is not offered", async () => {
    const { page } = await visit({ isolated: false });
    await choose(page, { ...LONG, epochs: "100" });
    await pressStart(page);
    await expect.poll(() => checkpoints(page), { timeout: 60_000 }).toBeGreaterThan(0);
    await page.reload();
    await page.getByRole("button", { name: "Discard it" }).click();
    await expect.poll(() => checkpoints(page)).toBe(0);
    expect(await page.getByText(TOLD).isVisible()).toBe(false);
    await pressStart(page);
    await page.getByRole("button", { name: "Stop" }).click();
    await trained(page);
    await page.reload();
    await page.getByRole("button", { name: "Start" }).waitFor();
    expect(await page.getByText(TOLD).isVisible()).toBe(false);
  }, 240_000);
});

/** What a visitor does on the page, by the names that they see. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Download, Page } from "playwright-core";
import { expect, inject } from "vitest";

/** Labels of the fields, in English. */
const LABELS = {
  units: "Units of each layer",
  epochs: "Epochs",
  seed: "Seed",
  vector: "Length of a word's vector",
  batch: "Batch size",
} as const;

export type Settings = Partial<Record<keyof typeof LABELS, string>> & {
  cell?: "LSTM" | "SimpleRNN" | "Both";
  threads?: string;
};

/** A network that trains in a second. */
export const SMALL: Settings = { units: "8", vector: "8", epochs: "1" };

/** A spam mail and a good one, to predict. */
export const SPAM = "Claim your free prize now! Click here, no obligation, 100% guaranteed money.";
export const HAM = "The patch you sent to the list does not build with gcc here.";

export async function choose(page: Page, { cell, threads, ...fields }: Settings): Promise<void> {
  const more = page.getByText("More settings");
  if (!(await page.getByLabel(LABELS.batch).isVisible())) await more.click();
  if (cell) await page.getByRole("radio", { name: cell, exact: true }).check();
  for (const [name, value] of Object.entries(fields)) {
    await page.getByLabel(LABELS[name as keyof typeof LABELS], { exact: true }).fill(value);
  }
  if (threads) await page.getByLabel("Threads").selectOption(threads);
}

export async function pressStart(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Start" }).click();
}

/** Training, and the evaluation behind it, are over. */
export async function trained(page: Page): Promise<void> {
  await page.locator("#start:enabled").waitFor({ timeout: 45_000 });
}

export async function train(page: Page, settings: Settings = SMALL): Promise<void> {
  await choose(page, settings);
  await pressStart(page);
  await trained(page);
  await expect(page.locator("#status").textContent()).resolves.toMatch(/is done\.$/);
}

/** Writes the text and waits for what is predicted of it. */
export async function write(page: Page, text: string): Promise<void> {
  const words = text.match(/[\w']+/g)!.length;
  await page.getByLabel("Text", { exact: true }).fill(text);
  await page.getByText(new RegExp(`^Words read: \\d+ of ${words};`)).waitFor();
  await page.locator("#predictions progress").first().waitFor();
}

/** The probability of each class, to the last bit, for each model on the page. */
export function predictions(page: Page): Promise<number[]> {
  return page
    .locator("#predictions progress")
    .evaluateAll((meters) => meters.map((meter) => (meter as HTMLProgressElement).value));
}

/** What a canvas shows. */
export function picture(page: Page, selector: string): Promise<string> {
  return page.locator(selector).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

/** How many colours a canvas shows. */
export function colours(page: Page, selector: string): Promise<number> {
  return page.locator(selector).evaluate((node) => {
    const canvas = node as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}

/** Save the model of a cell. */
export async function save(page: Page, cell = "LSTM"): Promise<{ name: string; bytes: Buffer }> {
  const nameOf = async () => (await page.getByText(/^Saved as /).textContent())!.replace("Saved as ", "");
  return handedOver(page, `Save the ${cell} model`, nameOf, isWhole);
}

/** A file that a button hands over. */
export async function handedOver(
  page: Page,
  button: string,
  nameOf: () => Promise<string>,
  isAllThere: (path: string) => Promise<boolean>,
): Promise<{ name: string; bytes: Buffer }> {
  // Playwright hears of Chromium's downloads; Firefox just puts them into its folder.
  let download: Download | undefined;
  page.once("download", (begun) => {
    download = begun;
  });
  await page.getByRole("button", { name: button, exact: true }).and(page.locator(":visible")).click();
  const name = await nameOf();
  const path = join(inject("downloads"), name);
  const wanted = page.context().browser()!.browserType().name() === "chromium";
  await expect.poll(() => (wanted ? download !== undefined : isAllThere(path))).toBe(true);
  await download?.saveAs(path);
  const bytes = await readFile(path);
  await rm(path);
  return { name, bytes };
}

/** Whether a model's file is there with all that its head promises. */
export async function isWhole(path: string): Promise<boolean> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  if (bytes.length < 8) return false;
  const head = 8 + Number(bytes.readBigUInt64LE());
  if (bytes.length < head) return false;
  const tensors = JSON.parse(bytes.toString("utf8", 8, head)) as Record<string, { data_offsets?: number[] }>;
  const ends = Object.values(tensors).map(({ data_offsets }) => data_offsets?.[1] ?? 0);
  return bytes.length === head + Math.max(...ends);
}

/** Let go of a file over the page. */
export async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  await page.evaluate(
    ({ name, base64 }) => {
      const dataTransfer = new DataTransfer();
      const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      dataTransfer.items.add(new File([content], name));
      const init = { dataTransfer, bubbles: true, cancelable: true };
      for (const type of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, init));
    },
    { name, base64: bytes.toString("base64") },
  );
}

import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { seriesFromCsv } from "../../../src/data/index.ts";
import { spawnRuntime } from "../../../src/node.ts";
import { forecaster } from "../../../src/tasks/index.ts";
import { drop, handedOver, isWhole } from "./actions.ts";
import { digestIn, digestOf, inTerminal } from "./terminal.ts";
import { BROWSERS, type Visit, visitsIn } from "./visit.ts";

/** Numbers that look random, and are the same each time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

const dayOf = (i: number) => new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10);

/** Two stores, day by day, a week's rhythm, a price that is known in advance, and days that are not there. */
function salesCsv(): string {
  const random = noise(1);
  const rows = ["date,store,sales,price"];
  for (const [store, level] of [
    ["north", 100],
    ["south", 60],
  ] as const) {
    for (let day = 0; day < 140; day++) {
      const price = day % 10 < 5 ? 3 : 4;
      const sales = level + 20 * Math.sin((2 * Math.PI * day) / 7) - 5 * price + 6 * random();
      if (day % 31 !== 17) rows.push(`${dayOf(day)},${store},${sales.toFixed(1)},${price}`);
    }
    for (let day = 140; day < 154; day++) rows.push(`${dayOf(day)},${store},,${day % 10 < 5 ? 3 : 4}`);
  }
  return `${rows.join("\n")}\n`;
}

/** Hourly, with a day's rhythm; and two values that are odd, where that is wanted. */
function metricsCsv(hasOdd: boolean): string {
  const random = noise(2);
  const rows = ["time,latency"];
  for (let hour = 0; hour < 600; hour++) {
    const usual = 50 + 10 * Math.sin((2 * Math.PI * hour) / 24) + 2 * random();
    const value = hasOdd && (hour === 500 || hour === 560) ? usual + 60 : usual;
    rows.push(`${new Date(Date.UTC(2024, 0, 1, hour)).toISOString().slice(0, 16)},${value.toFixed(2)}`);
  }
  return `${rows.join("\n")}\n`;
}

/** Steps of sessions, of three kinds. */
function sensorsCsv(): string {
  const random = noise(3);
  const rows = ["session,t,x,y,activity"];
  for (let session = 0; session < 60; session++) {
    const kind = session % 3;
    for (let t = 0; t < 12; t++) {
      const x = [Math.sin(t), t / 6 - 1, random()][kind]! + 0.1 * random();
      const y = [random(), Math.cos(t), t % 2][kind]! + 0.1 * random();
      rows.push(`s${session},${t},${x.toFixed(3)},${y.toFixed(3)},${["walk", "climb", "rest"][kind]}`);
    }
  }
  return `${rows.join("\n")}\n`;
}

const NOTES = "the rain falls on the hill, and the hill drinks the rain.\nthe sun dries the hill.\n".repeat(
  40,
);

const file = (name: string, content: string) => ({
  name,
  mimeType: "text/plain",
  buffer: Buffer.from(content),
});

const told = async (page: Page, id: string) => (await page.locator(id).textContent())!;

/** Go to a place, by its link. */
async function go({ page, address }: Visit, link: string): Promise<void> {
  await page.goto(`${address}#/${link}`);
}

/** As by hand: what is written by a script is no change in every browser. */
async function typeIn(page: Page, id: string, text: string): Promise<void> {
  await page.locator(id).press("ControlOrMeta+a");
  await page.keyboard.type(text);
  await page.keyboard.press("Tab");
}

/** Press Train, and wait for its end. */
async function train(page: Page, place: string): Promise<void> {
  await page.locator(`#${place}-start`).click();
  const status = () => told(page, `#${place} .status >> nth=0`);
  await expect
    .poll(status, { timeout: 90_000 })
    .toMatch(/^(Training is done|That has failed|Some settings|Choose)/);
  expect(await status()).toBe("Training is done.");
  await page.locator(`#${place}-start:enabled`).waitFor();
}

const savedName = async (page: Page) =>
  (await page
    .getByText(/^Saved as /)
    .and(page.locator(":visible"))
    .textContent())!.replace("Saved as ", "");

/** The file of a place's model. */
const savedModel = async (page: Page): Promise<Buffer> =>
  (await handedOver(page, "Save the model", () => savedName(page), isWhole)).bytes;

/** Something in each place that only a model can have said. */
const FIRST: Readonly<Record<string, string>> = {
  words: "#predictions .sentence",
  forecast: "#forecast-comparison td >> nth=0",
  classes: "#classes-answer .sentence",
  detect: "#detect-alarms td >> nth=0",
  generate: "#generate-output:has-text('Call me Ishmael.')",
};

describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  test("every place shows what a model says before anybody has pressed a button", async () => {
    const visitor = await visit();
    const { page } = visitor;
    for (const [place, said] of Object.entries(FIRST)) {
      await go(visitor, place);
      await page.locator(said).waitFor();
      expect(await page.locator("#places [aria-current=page]").count()).toBe(1);
      expect(await page.locator(`#${place}`).isVisible()).toBe(true);
    }
    await page.locator("#generate-halt:disabled").waitFor();
    expect((await told(page, "#generate-output")).length).toBeGreaterThan(300);
    // From place to place by the page's own links, and back.
    await page.getByRole("link", { name: "Forecast", exact: true }).click();
    await page.locator("#forecast").waitFor();
    await page.goBack();
    await page.locator("#generate").waitFor();
  });

  test("a forecast of a file has the bits of the terminal, and of the API in a worker", async () => {
    const visitor = await visit();
    const { page } = visitor;
    await go(visitor, "forecast?horizon=7&window=14&units=8&epochs=2&normalization=last&seed=5&data=own");
    const sales = salesCsv();
    await page.getByLabel("Choose a file").setInputFiles(file("sales.csv", sales));
    await page.getByLabel("Target column").fill("sales");
    await page.getByLabel("Column of series").fill("store");
    await page.getByLabel("Columns known in advance").fill("price");
    await train(page, "forecast");
    expect(await told(page, ".findings")).toMatch(/interpolated|between the values/i);
    const digest = await told(page, "#forecast-digest");
    const command = await told(page, "#forecast-command");
    expect(command).toBe(
      "lstmkit train sales.csv --task forecast --target sales --series store --known price --horizon 7 --window 14 --seed 5 --normalization last --units 8 --epochs 2",
    );
    const csv = (
      await handedOver(
        page,
        "Save the forecast as CSV",
        async () => "forecast.csv",
        async (path) => (await readFile(path, "utf8").catch(() => "")).split("\n").length === 16,
      )
    ).bytes;
    await inTerminal({ "sales.csv": sales }, async ({ run, read }) => {
      expect(digestIn(await run(`${command} --json`))).toBe(digest);
      await run("lstmkit forecast model.safetensors sales.csv --out forecast.csv");
      expect(csv.equals(await read("forecast.csv"))).toBe(true);
    });

    const kit = await spawnRuntime();
    const set = seriesFromCsv(sales, { target: "sales", series: "store", known: "price" });
    const model = forecaster(kit, {
      ...{ target: "sales", known: "price", horizon: 7, window: 14 },
      ...{ units: 8, epochs: 2, normalization: "last", seed: 5 },
    });
    expect((await model.fit(set)).digest).toBe(digest);
    const [row] = (await model.predict(set)).series[0]!.rows;
    const [, line] = csv.toString().split("\n");
    expect(line).toContain(`,${row!.value},`);
    await kit.close();

    // The model's file goes on in another visit, and the origin can be moved.
    const saved = await savedModel(page);
    await page.reload();
    await page.getByLabel("Choose a file").setInputFiles(file("sales.csv", sales));
    await page.getByLabel("Column of series").fill("store");
    await page
      .locator("#forecast-model")
      .setInputFiles({ name: "sales.safetensors", mimeType: "application/octet-stream", buffer: saved });
    await expect
      .poll(async () => [
        await told(page, "#forecast-digest"),
        await told(page, "#forecast .output [role=alert]"),
      ])
      .toEqual([digest, ""]);
    expect(await told(page, "#forecast figcaption >> nth=-1")).toBe("sales: 7 rows ahead");
    const before = await page.locator("#forecast .plot[aria-label*=Forecast]").getAttribute("aria-label");
    await page.locator("#forecast-origin").focus();
    await page.keyboard.press("Home");
    await expect
      .poll(() => page.locator("#forecast .plot[aria-label*=Forecast]").getAttribute("aria-label"))
      .not.toBe(before);
  });

  test("alarms: a file to learn from, another one to watch, and the digest of the terminal", async () => {
    const visitor = await visit();
    const { page } = visitor;
    await go(visitor, "detect?epochs=3&units=8");
    await page.locator("#detect-alarms td").first().waitFor();
    const metrics = metricsCsv(false);
    await drop(page, "metrics.csv", Buffer.from(metrics));
    await page.getByText("metrics.csv").first().waitFor();
    await train(page, "detect");
    const command = await told(page, "#detect-command");
    expect(command).toBe("lstmkit train metrics.csv --task detect --epochs 3 --seed 0 --units 8");
    expect(await told(page, "#detect-digest")).toBe(await digestOf(command, { "metrics.csv": metrics }));
    await page.getByLabel("Watch another file").setInputFiles(file("later.csv", metricsCsv(true)));
    await page.getByRole("rowheader", { name: "2024-01-21 20:00" }).waitFor();
    const odd = await page.locator("#detect-alarms tbody tr").count();
    await typeIn(page, "#detect-alpha", "0.3");
    await expect.poll(() => page.locator("#detect-alarms tbody tr").count()).toBeGreaterThan(odd);
  });

  test("classes of a file: a matrix, answers, and the digest of the terminal", async () => {
    const visitor = await visit();
    const { page } = visitor;
    await go(visitor, "classes?epochs=4&units=8&data=own");
    const sensors = sensorsCsv();
    await page.getByLabel("Choose files").setInputFiles(file("sensors.csv", sensors));
    await page.getByLabel("Column of sequences").fill("session");
    await page.getByLabel("Column of times").fill("t");
    await page.getByLabel("Column of classes").fill("activity");
    await train(page, "classes");
    const command = await told(page, "#classes-command");
    expect(command).toBe(
      "lstmkit train sensors.csv --task classify --label activity --id session --time t --epochs 4 --seed 0 --units 8",
    );
    expect(await told(page, "#classes-digest")).toBe(await digestOf(command, { "sensors.csv": sensors }));
    expect(await page.locator(".confusion thead th").allTextContents()).toEqual([
      "It is",
      "climb",
      "rest",
      "walk",
    ]);
    expect(await page.locator(".confusion tbody tr").count()).toBe(3);
    await page.locator("#classes-sequence").focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText("2 of 60").waitFor();
    expect(await told(page, "#classes-answer .sentence")).toMatch(/^Answer: \w+, [\d.]+% It is climb\.$/);
  });

  test("a text goes on as in the terminal, by a model with the same digest", async () => {
    const visitor = await visit();
    const { page } = visitor;
    await go(visitor, "generate?epochs=2&units=16&data=own&prompt=the+sun&length=60&drawSeed=3");
    await page.getByLabel("Choose texts").setInputFiles(file("notes.txt", NOTES));
    await train(page, "generate");
    await page.locator("#generate-halt:disabled").waitFor();
    const command = await told(page, "#generate-command");
    expect(command).toBe("lstmkit train notes.txt --task generate --epochs 2 --seed 0 --units 16");
    const writeOn = await told(page, "#generate-write-command");
    expect(writeOn).toBe("lstmkit generate model.safetensors '--prompt=the sun' --length 60 --seed 3");
    const text = await told(page, "#generate-output");
    expect(text).toHaveLength(67);
    await inTerminal({ "notes.txt": NOTES }, async ({ run }) => {
      expect(digestIn(await run(`${command} --json`))).toBe(await told(page, "#generate-digest"));
      expect(JSON.parse(await run(`${writeOn} --json`))).toMatchObject({
        prompt: "the sun",
        text: text.slice(7),
      });
    });
  });

  test("a link brings back what was set, in either language, and no word of the browser's own is there", async () => {
    const visitor = await visit();
    const { page } = visitor;
    await go(visitor, "forecast");
    await typeIn(page, "#forecast-horizon", "14");
    await typeIn(page, "#forecast-holidays", "KR");
    const link = await page.evaluate(() => location.href);
    expect(link).toContain("#/forecast?horizon=14&holidays=KR");
    await page.locator("input[name=language][value=ko]").check();
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("heading", { name: "시계열 예측" }).waitFor();
    expect(await page.locator("#forecast-horizon").inputValue()).toBe("14");
    expect(await page.locator("#forecast-holidays").inputValue()).toBe("KR");
    expect(await page.locator("#forecast").textContent()).not.toMatch(/Choose|No file/);
    expect(await page.locator("input[type=file]:not(.unseen)").count()).toBe(0);
    // What a link says that cannot be is shown, and marked.
    await go(visitor, "forecast?horizon=many");
    await expect.poll(() => page.locator("#forecast-horizon").getAttribute("aria-invalid")).toBe("true");
  });

  test("what cannot be is said, costs nothing, and can be mended", async () => {
    const visitor = await visit();
    const { page } = visitor;
    await go(visitor, "forecast?data=own");
    await page.locator("#forecast-comparison td").first().waitFor();
    const digest = await told(page, "#forecast-digest");
    const status = () => told(page, "#forecast .status");
    await page.locator("#forecast-start").click();
    expect(await status()).toBe("Choose a file first.");

    await page.getByLabel("Choose a file").setInputFiles(file("picture.png", "none"));
    await page.getByRole("alert").filter({ hasText: "picture.png holds no series, by its name" }).waitFor();

    await page
      .getByLabel("Choose a file")
      .setInputFiles(file("short.csv", "day,n\n2024-01-01,1\n2024-01-02,2\n"));
    await page.locator("#forecast-start").click();
    await page.getByRole("alert").filter({ hasText: "BAD_SERIES" }).waitFor();
    expect(await status()).toBe("That has failed.");

    await page.getByLabel("Target column").fill("revenue");
    await page.locator("#forecast-start").click();
    await page.getByRole("alert").filter({ hasText: "revenue" }).waitFor();

    await page.locator("#forecast-horizon").fill("0");
    await page.locator("#forecast-start").click();
    expect(await status()).toBe("Some settings cannot be used; they are marked.");

    // A model of another task.
    await go(visitor, "detect");
    await page.locator("#detect-alarms td").first().waitFor();
    const other = await savedModel(page);
    await go(visitor, "forecast");
    await page.locator("#forecast-model").setInputFiles({
      name: "detect.safetensors",
      mimeType: "application/octet-stream",
      buffer: other,
    });
    await page.locator("#forecast [role=alert]").filter({ hasText: "BAD_MODEL_FILE" }).waitFor();
    expect(await told(page, "#forecast-digest")).toBe(digest);
  });

  test("a training that is stopped leaves the model that was there", async () => {
    const visitor = await visit();
    const { page } = visitor;
    await go(visitor, "classes?epochs=500");
    await page.locator("#classes-answer .sentence").waitFor();
    const digest = await told(page, "#classes-digest");
    await page.locator("#classes-start").click();
    await expect.poll(() => told(page, "#classes .status"), { timeout: 45_000 }).toMatch(/^Epoch 1 of/);
    await page.locator("#classes").getByRole("button", { name: "Stop", exact: true }).click();
    await page.locator("#classes-start:enabled").waitFor({ timeout: 15_000 });
    expect(await told(page, "#classes .status")).toBe("Stopped. What was there before is there still.");
    expect(await told(page, "#classes-digest")).toBe(digest);
  });
});

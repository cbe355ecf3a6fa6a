import {
  bidirectional,
  createRuntime,
  dense,
  embedding,
  gru,
  type Layer,
  type Model,
  readTextMetadata,
  type Trace,
} from "lstmkit";
import { buildVocabulary, encodeRows } from "lstmkit/data";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { kernelBytes } from "../../builds.ts";
import { colours, picture, predictions, SPAM, save, train, write } from "./actions.ts";
import { BROWSERS, visitsIn } from "./visit.ts";

/** Names of the panels, and what a trace calls them. */
const PANELS = [
  ["Forget gate", "f"],
  ["Input gate", "i"],
  ["Candidate", "g"],
  ["Cell state", "c"],
  ["Output gate", "o"],
  ["Hidden state", "h"],
] as const;

/** What the readout says of the cell that is pointed at. */
async function readout(page: Page): Promise<{ step: number; word: string; unit: number; values: string[] }> {
  const text = (await page.locator(".gates-readout").textContent())!;
  const [, step, word, unit, values] = /^Step (\d+) of \d+: (.*?)\. Unit (\d+)\. (.*?)\. Prediction/.exec(
    text,
  )!;
  return { step: Number(step), word: word!, unit: Number(unit), values: values!.split(" · ") };
}

/** The same of a trace: steps count from the first that is no padding. */
function valuesAt(trace: Trace, padding: number, step: number, unit: number): string[] {
  const layer = trace.layers.at(-1)!;
  const at = (padding + step - 1) * layer.units + unit - 1;
  return PANELS.map(([name, key]) => `${name} ${layer[key]!.data[at]!.toFixed(2)}`);
}

/** What the same file says in this process. */
async function traceOf(bytes: Uint8Array, text: string) {
  const kit = await createRuntime({ kernels: kernelBytes("release") });
  const model: Model = await kit.load(bytes);
  const x = encodeRows(readTextMetadata(model).vocabulary!, [text]);
  const trace = await model.trace(x);
  const [probability] = (await model.predict(x)).data;
  await kit.close();
  return { trace, probability: probability!, padding: x.data.findIndex((id) => id !== 0) };
}

/** A model file that the page could not have made. */
async function fileOf(layer: Layer): Promise<Buffer> {
  const vocabulary = buildVocabulary([SPAM]);
  const kit = await createRuntime({ kernels: kernelBytes("release") });
  const model = await kit.sequential([
    embedding({ inputDim: vocabulary.numWords, outputDim: 8 }),
    layer,
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  const bytes = await model.save({
    metadata: { vocabulary: JSON.stringify(vocabulary), classes: '["ham","spam"]', maxLen: "20" },
  });
  await kit.close();
  return Buffer.from(bytes);
}

describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  test.each([
    {
      title: "GRU",
      layer: gru({ units: 8 }),
      panels: ["Update gate", "Reset gate", "Candidate", "Hidden state"],
    },
    {
      title: "Bidirectional",
      layer: bidirectional({ layer: gru({ units: 8 }) }),
      panels: [
        "update gate",
        "reset gate",
        "candidate",
        "state",
        "update gate",
        "reset gate",
        "candidate",
        "state",
      ],
    },
  ])("a $title from a file predicts and is drawn, by what it has", async ({ title, layer, panels }) => {
    const { page } = await visit();
    const bytes = await fileOf(layer);
    const { probability } = await traceOf(bytes, SPAM);
    const mimeType = "application/octet-stream";
    await page.getByLabel("Load a model").setInputFiles({ name: "other", mimeType, buffer: bytes });
    await page.getByText("Loaded: other").waitFor();
    await write(page, SPAM);
    await expect.poll(() => page.locator("#predictions .sentence").textContent()).toMatch(`${title}: `);
    await page.locator("#gates").scrollIntoViewIfNeeded();
    await page.getByRole("application", { name: /^Heat map/ }).waitFor();
    const heads = await page.locator(".gates-grid .head[id] > span:first-child").allTextContents();
    expect(heads.map((head) => head.replace(/ \w+$/, ""))).toEqual(panels);
    await page.getByRole("application", { name: /^Heat map/ }).press("Control+End");
    const percent = Math.round(Math.max(probability, 1 - probability) * 100);
    await expect.poll(() => page.locator(".gates-readout").textContent()).toContain(`${percent}%`);
  });

  test("the gates of a text are drawn, and pointer and keys tell what trace() gives in Node", async () => {
    const { page } = await visit();
    await train(page, { units: "8,12", vector: "16", epochs: "2", batch: "16" });
    await write(page, SPAM);
    const { trace, probability, padding } = await traceOf((await save(page)).bytes, SPAM);

    const frame = page.getByRole("application", { name: /^Heat map/ });
    await page.locator("#gates").scrollIntoViewIfNeeded();
    await frame.waitFor();
    for (const [, panel] of PANELS) {
      expect(await colours(page, `canvas[data-panel=${panel}]`)).toBeGreaterThan(5);
    }

    const canvas = page.locator("canvas[data-panel=c]");
    await canvas.scrollIntoViewIfNeeded();
    const { width, height } = (await canvas.boundingBox())!;
    const rows = await canvas.evaluate((node) => (node as HTMLCanvasElement).height);
    await canvas.hover({ position: { x: (width * 4.5) / 12, y: (height * 3.5) / rows } });
    const pointed = await readout(page);
    expect(pointed).toEqual({
      step: 4,
      word: "free",
      unit: 5,
      values: valuesAt(trace, padding, 4, 5),
    });

    await frame.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    expect(await readout(page)).toEqual({
      step: 5,
      word: "prize",
      unit: 6,
      values: valuesAt(trace, padding, 5, 6),
    });

    await page.keyboard.press("Control+End");
    expect((await readout(page)).step).toBe(rows);
    const [ham, spam] = (await predictions(page)) as [number, number];
    expect(spam).toBe(probability);
    expect(trace.outputs.data.at(-1)).toBe(probability);
    const leaning = spam < 0.5 ? `${Math.round(ham * 100)}% ham` : `${Math.round(spam * 100)}% spam`;
    await expect(page.locator(".gates-readout").textContent()).resolves.toMatch(
      new RegExp(`Prediction after this word: ${leaning}\\.$`),
    );
  });

  test("the gradient's curves are those of both cells, before training and after each epoch", async () => {
    const { page } = await visit();
    await train(page, { units: "8", vector: "8", epochs: "2", cell: "Both" });
    const section = page.locator("#gradient");
    await section.scrollIntoViewIfNeeded();
    const figure = section.getByRole("figure").first();
    const slider = figure.getByRole("slider");
    await slider.scrollIntoViewIfNeeded();
    await expect
      .poll(() => figure.getByRole("listitem").allTextContents())
      .toEqual(["LSTM", "LSTM (untrained)", "SimpleRNN", "SimpleRNN (untrained)"]);
    const canvas = "#gradient figure canvas >> nth=0";
    const after = await picture(page, canvas);

    await slider.focus();
    await page.keyboard.press("End");
    const share = "\\d\\.?\\d*(×10[⁻\\d⁰¹²³⁴⁵⁶⁷⁸⁹]+)?";
    await expect(slider.getAttribute("aria-valuetext")).resolves.toBe(
      "Step 80 of 80: LSTM 1; LSTM (untrained) 1; SimpleRNN 1; SimpleRNN (untrained) 1.",
    );
    await page.keyboard.press("Shift+ArrowLeft");
    await expect(slider.getAttribute("aria-valuetext")).resolves.toMatch(
      new RegExp(`^Step 70 of 80: LSTM ${share}; LSTM \\(untrained\\) ${share}; SimpleRNN ${share};`),
    );

    const epoch = page.getByRole("slider", { name: "State of training" });
    await expect(epoch.getAttribute("aria-valuetext")).resolves.toBe("after epoch 2");
    await epoch.fill("1");
    await expect(epoch.getAttribute("aria-valuetext")).resolves.toBe("after epoch 1");
    await expect.poll(() => picture(page, canvas)).not.toBe(after);
    await epoch.fill("0");
    await expect
      .poll(() => figure.getByRole("listitem").allTextContents())
      .toEqual(["LSTM (untrained)", "SimpleRNN (untrained)"]);
    expect(await colours(page, canvas)).toBeGreaterThan(10);
  });
});

import { afterAll, describe, expect, test } from "vitest";
import { buildVocabulary } from "../../src/data/vocabulary.ts";
import type { RowLayout, VocabularyOptions } from "../../src/data/vocabulary-options.ts";
import {
  bidirectional,
  conv1d,
  createRuntime,
  dense,
  embedding,
  globalAveragePooling1d,
  globalMaxPooling1d,
  gru,
  type Layer,
  lstm,
  maxPooling1d,
  simpleRNN,
} from "../../src/node.ts";
import { inspectText, select } from "../../src/picture/inspection.ts";
import { inspectionPage } from "../../src/picture/page.ts";
import { inspectionSvg } from "../../src/picture/svg.ts";
import { terminalLines } from "../../src/picture/terminal.ts";

const kit = await createRuntime();
afterAll(() => kit.close());

const TEXTS = ["a good film", "a dull film"];
const CLASSES = ["bad", "good"] as const;

const inspectWith = (options: VocabularyOptions & RowLayout, text: string, [lower = 0, upper = 0] = [3, 9]) =>
  inspectBy([lstm({ units: lower, returnSequences: true }), simpleRNN({ units: upper })], options, text);

async function inspectBy(recurrent: readonly Layer[], options: VocabularyOptions & RowLayout, text: string) {
  const vocabulary = buildVocabulary(TEXTS, options);
  const model = await kit.sequential([
    embedding({ inputDim: vocabulary.numWords, outputDim: 4 }),
    ...recurrent,
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  return { model, found: await inspectText(model, vocabulary, CLASSES, text) };
}

const words = (found: Awaited<ReturnType<typeof inspectWith>>["found"]) =>
  found?.steps.map(({ word, known }) => (known ? word : `(${word})`));

describe("inspectText shows the words the model reads", () => {
  test("without padding, unknown ones marked, at the timesteps where they stand", async () => {
    const { model, found } = await inspectWith({ maxLen: 7 }, "A strange film!");
    expect(words(found)).toEqual(["[START]", "a", "(strange)", "film"]);
    const { layers, outputs } = await model.trace([[0, 0, 0, 1, 4, 2, 5]]);
    expect(found!.probabilities).toEqual(outputs.data.slice(3));
    expect(found!.layers[0]!.panels[1]!.values).toEqual(layers[0]!.f!.data.slice(9));
    expect(found!.layers.map(({ panels }) => panels.map((panel) => panel.name).join(""))).toEqual([
      "ifgoch",
      "h",
    ]);
    expect(found!.cut).toBe(0);
  });

  test("with the padding behind them: the last word is not the end", async () => {
    const { model, found } = await inspectWith({ maxLen: 7, padding: "post" }, "a film");
    expect(words(found)).toEqual(["[START]", "a", "film"]);
    const { outputs } = await model.trace([[1, 4, 5, 0, 0, 0, 0]]);
    expect(found!.probabilities).toEqual(outputs.data.slice(0, 3));
    expect(found!.probability).toBe(outputs.data[6]);
  });

  test("of a long text the end, or the start where that is kept; the start sign is no word that was cut", async () => {
    const before = await inspectWith({ maxLen: 2 }, "a good dull film");
    expect(words(before.found)).toEqual(["dull", "film"]);
    expect(before.found!.cut).toBe(2);
    const behind = await inspectWith({ maxLen: 2, truncating: "post" }, "a good dull film");
    expect(words(behind.found)).toEqual(["[START]", "a"]);
    expect(behind.found!.cut).toBe(3);
  });

  test("leaves out words that the vocabulary leaves out, and gives null where none is left", async () => {
    const options = { startChar: null, oovChar: null, maxLen: 5 };
    expect(words((await inspectWith(options, "a strange film")).found)).toEqual(["a", "film"]);
    expect((await inspectWith(options, "strange")).found).toBeNull();
  });

  test("without what would move a cursor, turn the writing or break a picture", async () => {
    const text = "\x1b[2J\u202eevil \ud800 \ufffe";
    const old = (await inspectWith({ tokenizer: "keras" }, text)).found;
    expect(words(old)!.slice(1)).toEqual(["(�)", "(2j�evil)", "(�)", "(�)"]);
    const { found } = await inspectWith({}, text);
    expect(words(found)!.slice(1)).toEqual(["(�)", "(2jevil)", "(�)", "(�)"]);
  });
});

describe("what is shown of a layer is what its kind has", () => {
  const shown = async (...layers: Layer[]) => {
    const { model, found } = await inspectBy(layers, { maxLen: 4 }, "A strange film");
    const [inspected] = found!.layers;
    const [start, a, strange, film] = [1, 4, 2, 5];
    const answers = [];
    for (const row of [[start], [start, a], [start, a, strange], [start, a, strange, film]]) {
      answers.push((await model.predict([row])).data[0]);
    }
    expect([...found!.probabilities]).toEqual(answers);
    expect(found!.probability).toBe(answers.at(-1));
    return inspected!.panels.map(({ name, title, kind, low }) => `${name}: ${title}, ${kind} from ${low}`);
  };

  test("of a GRU its gates from 0 and its states around it", async () => {
    expect(await shown(gru({ units: 5 }))).toEqual([
      "u: update gate, sequential from 0",
      "r: reset gate, sequential from 0",
      "g: candidate, diverging from -1",
      "h: state, diverging from -1",
    ]);
  });

  test("of a layer that reads from the end its states, and the answer as it would be at each end", async () => {
    expect(await shown(simpleRNN({ units: 3, goBackwards: true }))).toEqual(["h: state, diverging from -1"]);
  });

  test("of a bidirectional both sides, and the answer as it would be at each end", async () => {
    expect(await shown(bidirectional({ layer: simpleRNN({ units: 3 }) }))).toEqual([
      "h_forward: state, diverging from -1",
      "h_backward: state, diverging from -1",
    ]);
  });

  test("where steps are taken together, the answer as it would be at each end", async () => {
    const h = ["h: state, diverging from -1"];
    const rnn = simpleRNN({ units: 3, returnSequences: true });
    expect(await shown(rnn, globalAveragePooling1d())).toEqual(h);
    expect(
      await shown(rnn, conv1d({ filters: 2, kernelSize: 2, padding: "same" }), globalMaxPooling1d()),
    ).toEqual(h);
    expect(
      await shown(conv1d({ filters: 2, kernelSize: 3, padding: "same" }), simpleRNN({ units: 3 })),
    ).toEqual(h);
    expect(
      await shown(conv1d({ filters: 2, kernelSize: 3, padding: "causal" }), simpleRNN({ units: 3 })),
    ).toEqual(h);
  });

  test("but not of a layer that reads no words of its own", async () => {
    await expect(shown(maxPooling1d(), simpleRNN({ units: 3 }))).rejects.toThrow(
      /BAD_LAYER: simple_rnn has states at 2 steps of a text of 4/,
    );
  });
});

test("select leaves the layer and the gates that are asked for", async () => {
  const found = (await inspectWith({}, "a film")).found!;
  const shown = (wanted: Parameters<typeof select>[1]) =>
    select(found, wanted).layers.map(
      ({ name, panels }) => `${name} ${panels.map((panel) => panel.name).join("")}`,
    );
  expect(shown({ layer: 1, gates: ["f", "c"] })).toEqual(["lstm fc"]);
  expect(shown({ gates: ["f", "h"] })).toEqual(["lstm fh", "simple_rnn h"]);
  expect(shown({ layer: 2, gates: ["f"] })).toEqual([]);
});

describe("terminalLines", async () => {
  const text = "a good 長い言葉だらけの film of extraordinarinesses";
  const found = (await inspectWith({}, text, [40, 5])).found!;
  const both = (await inspectBy([bidirectional({ layer: lstm({ units: 12 }) })], {}, text)).found!;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of colours
  const COLOUR = /\x1b\[[\d;]*m/g;
  const widthOf = (line: string) =>
    [...line.replace(COLOUR, "")].reduce(
      (sum, c) => sum + (/\p{sc=Han}|\p{sc=Hiragana}/u.test(c) ? 2 : 1),
      0,
    );

  test.each(
    [24, 8, 1].flatMap((colourDepth) => [30, 40, 80, 200].map((columns) => ({ colourDepth, columns }))),
  )("no line is wider than the terminal: $columns columns, $colourDepth bits", ({ colourDepth, columns }) => {
    for (const inspection of [found, both]) {
      const lines = terminalLines(inspection, { columns, colourDepth });
      for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
      expect(lines.some((line) => line.includes("\x1b"))).toBe(colourDepth > 1);
    }
  });

  test("names stand whole above their panels, and the legend has those that are there", () => {
    const lines = terminalLines(both, { columns: 80, colourDepth: 1 });
    const heads = lines.filter((line) => line.includes("_backward "));
    expect(heads.join(" ")).toMatch(
      /i_backward +f_backward .*g_backward +o_backward +c_backward +h_backward/,
    );
    const end = lines.join(" ");
    expect(end).toContain("i_forward, f_forward, o_forward, i_backward, f_backward, o_backward in tenths,");
    const states = select(both, { gates: ["h_forward"] });
    const legend = terminalLines(states, { columns: 200, colourDepth: 1 }).at(-1);
    expect(legend).toMatch(/^h_forward in tenths of the largest: 1 to 9/);
  });

  test("without colour a place is a digit, with colour two units in their colours", () => {
    const values = Float32Array.of(0, 0.55, 1, 0.999, 0.25);
    const panel = { name: "i", title: "input gate", kind: "sequential", low: 0, high: 1, values } as const;
    const state = {
      ...panel,
      name: "g",
      title: "candidate",
      kind: "diverging",
      low: -1,
      values: Float32Array.of(0, 0.54, 1, -1, -0.26),
    } as const;
    const layer = { name: "lstm", type: "lstm", units: 5, panels: [panel, state] } as const;
    const one = { ...found, steps: found.steps.slice(0, 1), layers: [layer] };
    const row = (colourDepth: number) =>
      terminalLines(one, { columns: 80, colourDepth }).findLast((line) => line.startsWith("[START]"))!;
    expect(row(1)).toMatch(/^\[START\] 05992 +\.59ic$/);
    expect(row(24).replace(COLOUR, "")).toMatch(/^\[START\] ▌▌▌ +▌▌▌$/);
    expect(row(24)).toContain("\x1b[38;2;17;20;29;48;2;");
    expect(row(8)).toContain("\x1b[38;5;");
  });
});

describe("pictures", async () => {
  const found = (await inspectWith({}, `a <b>&"film" </script><script>`)).found!;

  test("an SVG escapes words, and has a title for each word of each panel", () => {
    const svg = inspectionSvg(found, { titles: true });
    expect(svg.match(/<title>/g)).toHaveLength(found.steps.length * (1 + 6 + 1 + 1));
    expect(svg).not.toMatch(/<script|<b>/);
    expect(svg.match(/<image class="light"/g)).toHaveLength(2 * 7);
    expect(svg.match(/<image class="dark"/g)).toHaveLength(2 * 7);
  });

  test("a page loads nothing, and its data cannot end its script", () => {
    const page = inspectionPage(found);
    expect(page.match(/(src|href)="(?!data:)/g)).toBeNull();
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).toContain("default-src 'none'");
    const [, json] = /<script type="application\/json" id="values">(.*?)<\/script>/.exec(page)!;
    const { words: told, layers } = JSON.parse(json!);
    expect(told).toEqual(found.steps.map(({ word }) => word));
    const { values, high } = layers[0].panels[4];
    const numbers = new Int16Array(Uint8Array.from(atob(values), (c) => c.charCodeAt(0)).buffer);
    found.layers[0]!.panels[4]!.values.forEach((value, i) => {
      expect((numbers[i]! / 32767) * high).toBeCloseTo(value, 4);
    });
  });
});

test("80 words of two layers of 64 units make files below half a megabyte", async () => {
  const text = Array.from({ length: 100 }, (_, i) => `word${i}`).join(" ");
  const { found } = await inspectWith({ maxLen: 80 }, text, [64, 64]);
  const big = { ...found!, layers: [found!.layers[0]!, found!.layers[0]!] };
  expect(inspectionSvg(big, { titles: true }).length).toBeLessThan(500_000);
  expect(inspectionPage(big).length).toBeLessThan(500_000);
});

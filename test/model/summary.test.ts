import { expect, test } from "vitest";
import { dense, embedding, lstm } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { summarize } from "../../src/model/summary.ts";
import { weightTable } from "../../src/model/weights.ts";

const summaryOf = (given: Parameters<typeof checkLayers>[0]) => {
  const layers = checkLayers(given);
  return summarize(layers, weightTable(layers)).split("\n");
};

test("the summary counts the seed job's weights as Keras does", () => {
  const lines = summaryOf([
    embedding({ inputDim: 10_000, outputDim: 100 }),
    lstm({ units: 64, dropout: 0.5, returnSequences: true }),
    lstm({ units: 64, dropout: 0.5 }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  const row = (name: string) => lines.find((line) => line.startsWith(name))?.split(/\s{2,}/);
  expect(row("embedding")).toEqual(["embedding (Embedding)", "(B, T, 100)", "1,000,000"]);
  expect(row("lstm (")).toEqual(["lstm (LSTM)", "(B, T, 64)", "42,240"]);
  expect(row("lstm_1")).toEqual(["lstm_1 (LSTM)", "(B, 64)", "33,024"]);
  expect(row("dense")).toEqual(["dense (Dense)", "(B, 1)", "65"]);
  expect(lines.at(-1)).toBe("Total params: 1,075,329");
});

test("a head on sequences gives sequences", () => {
  const lines = summaryOf([
    lstm({ units: 4, returnSequences: true, inputShape: [null, 3] }),
    dense({ units: 2 }),
  ]);
  expect(lines.find((line) => line.startsWith("dense"))).toContain("(B, T, 2)");
});

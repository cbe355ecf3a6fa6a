import { expect, test } from "vitest";
import { LstmkitError } from "../../src/errors.ts";
import { type Activation, dense, lstm } from "../../src/layers/public.ts";
import { type MetricConfig, metricKeys } from "../../src/metrics/index.ts";
import { type CompileOptions, checkCompile, headOf } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";

const withHead = (activation: Activation) =>
  checkLayers([lstm({ units: 4, inputShape: [null, 3] }), dense({ units: 1, activation })]);
const LAYERS = withHead("sigmoid");

test("what is left out is Keras's", () => {
  expect(checkCompile({ loss: "binaryCrossentropy" }, LAYERS)).toEqual({
    optimizer: { name: "adam", learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    loss: { name: "binaryCrossentropy", fromLogits: false, labelSmoothing: 0 },
    metrics: [],
  });
});

test("a checked configuration checks to itself, so that a file can hold it", () => {
  const config = checkCompile({ loss: "binaryCrossentropy", metrics: ["accuracy", "accuracy"] }, LAYERS);
  expect(config.metrics).toEqual(["accuracy"]);
  expect(checkCompile(config as CompileOptions, LAYERS)).toEqual(config);
});

test("a metric with options is kept with all of them, one without by its name, and none twice", () => {
  const metrics: MetricConfig[] = [
    { name: "precision" },
    "precision",
    { name: "precision", threshold: 0.5 },
    { name: "precision", threshold: 0.7 },
    { name: "auc", curve: "PR" },
    { name: "precision", classId: 0 },
    "auc",
  ];
  const config = checkCompile({ loss: "binaryCrossentropy", metrics }, LAYERS);
  expect(config.metrics).toEqual([
    "precision",
    { name: "precision", threshold: 0.7 },
    { name: "auc", curve: "PR", numThresholds: 200, summationMethod: "interpolation" },
    { name: "precision", threshold: 0.5, classId: 0 },
    "auc",
  ]);
  expect(checkCompile(config as CompileOptions, LAYERS)).toEqual(config);
  expect(metricKeys(config.metrics)).toEqual(["precision", "precision1", "auc", "precision2", "auc1"]);
});

test.each([
  { activation: "sigmoid", fromLogits: false, bare: true, left: "linear" },
  { activation: "linear", fromLogits: true, bare: true, left: "linear" },
  { activation: "relu", fromLogits: true, bare: true, left: "relu" },
  { activation: "linear", fromLogits: false, bare: false, left: "linear" },
  { activation: "relu", fromLogits: false, bare: false, left: "relu" },
] as const)(
  "the loss of a $activation head with fromLogits $fromLogits is taken from logits: $bare",
  ({ activation, fromLogits, bare, left }) => {
    const layers = withHead(activation);
    const { loss } = checkCompile({ loss: { name: "binaryCrossentropy", fromLogits } }, layers);
    const head = headOf(layers, loss);
    expect(head.bare).toBe(bare);
    expect(head.layers.at(-1)).toEqual({ ...layers.at(-1), activation: left });
    expect(head.activation).toBe(activation === "sigmoid" ? "sigmoid" : "linear");
  },
);

test.each<{ what: string; options: unknown; says: string }>([
  { what: "nothing", options: undefined, says: "compile()" },
  { what: "no loss", options: {}, says: "loss" },
  { what: "an unknown loss", options: { loss: "mse" }, says: "mse" },
  { what: "an unknown option", options: { loss: "binaryCrossentropy", lr: 1 }, says: '"lr"' },
  {
    what: "an unknown option of the loss",
    options: { loss: { name: "binaryCrossentropy", logits: true } },
    says: '"logits"',
  },
  {
    what: "fromLogits as text",
    options: { loss: { name: "binaryCrossentropy", fromLogits: "yes" } },
    says: "fromLogits",
  },
  {
    what: "fromLogits behind a sigmoid",
    options: { loss: { name: "binaryCrossentropy", fromLogits: true } },
    says: "sigmoid",
  },
  {
    what: "an unknown optimizer",
    options: { optimizer: "adagradient", loss: "binaryCrossentropy" },
    says: "adagradient",
  },
  {
    what: "an unknown metric",
    options: { loss: "binaryCrossentropy", metrics: ["aoc"] },
    says: "did you mean auc",
  },
  {
    what: "metrics that are no list",
    options: { loss: "binaryCrossentropy", metrics: "accuracy" },
    says: "metrics",
  },
  ...Object.entries({
    learningRate: [0, -1, Number.NaN, Infinity, "0.1"],
    beta1: [1, -0.1, Number.NaN],
    beta2: [1, -0.1, Number.NaN],
    epsilon: [0, Infinity, Number.NaN],
    decay: [1],
  }).flatMap(([key, values]) =>
    values.map((value) => ({
      what: `adam's ${key} of ${value}`,
      options: { optimizer: { name: "adam", [key]: value }, loss: "binaryCrossentropy" },
      says: key,
    })),
  ),
])("$what is refused with BAD_ARGUMENT", ({ options, says }) => {
  const compile = () => checkCompile(options as CompileOptions, LAYERS);
  expect(compile).toThrow(LstmkitError);
  expect(compile).toThrow(/^BAD_ARGUMENT/);
  expect(compile).toThrow(says);
});

/**
 * What every metric must pass: the reference, beside each loss that it goes with and with each option, Keras after
 * several batches, no count that depends on how samples are cut, and the pairings refused.
 */
import { afterEach, describe, expect, test } from "vitest";
import { type Activation, dense, lstm } from "../../src/layers/public.ts";
import { type LossConfig, lossKindOf } from "../../src/losses/index.ts";
import type { AnyLoss } from "../../src/losses/kind.ts";
import { METRICS, type MetricConfig, metricOf } from "../../src/metrics/index.ts";
import type { MetricKind } from "../../src/metrics/kind.ts";
import { checkCompile } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { addTo, logsOf, noSums } from "../../src/train/run-state.ts";
import { openBenches } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { benchNetwork, evaluationPass, trainingPass } from "../model/bench-network.ts";
import { expectClose } from "../reference/closeness.ts";
import { METRIC_REFERENCES } from "../reference/index.ts";
import type { MetricReference } from "../reference/kind.ts";
import type { Vector } from "../reference/matrix.ts";
import { normals } from "../reference/sample.ts";
import { type Batch, evaluate } from "../reference/sequential.ts";
import { softmaxForward } from "../reference/softmax.ts";
import { TOLERANCES } from "../tolerances.ts";

export interface MetricCases {
  readonly name: keyof typeof METRICS;
  /** Losses and heads beside which it is tried, by what the head gives. */
  readonly beside: Readonly<Record<string, { readonly loss: LossConfig; readonly activation: Activation }>>;
  readonly units: readonly number[];
  /** Options beside the defaults. */
  readonly variants?: readonly Readonly<Record<string, unknown>>[];
  /** As loss and metric want them. */
  readonly targets: (rows: number, units: number) => ArrayLike<number>;
  /** Losses whose targets are not its own. */
  readonly refusedBeside: readonly LossConfig["name"][];
  /** The losses with which it is what `accuracy` stands for. */
  readonly accuracyOf: readonly LossConfig["name"][];
  /** Options that it does not have, or that do not go with 3 units, and a word of what is said of each. */
  readonly refuses?: readonly (readonly [options: Readonly<Record<string, unknown>>, says: string])[];
}

/** Metrics whose sums are whole numbers, or are means of such. */
const COUNTS = ["precision", "recall", "f1Score", "auc"];

/** A row of each sample, or one of every step; 21 samples are a shard of 16 and one of 5. */
const SIZES = [1, 3, 21].flatMap((B) => [1, 4].map((T) => ({ B, T, everyStep: T > 1 })));

export async function testMetric(cases: MetricCases): Promise<void> {
  const {
    name,
    beside,
    units: sizes,
    targets,
    refusedBeside,
    accuracyOf,
    variants = [],
    refuses = [],
  } = cases;
  const benches = await openBenches();
  const kind: MetricKind = METRICS[name] as MetricKind;
  const tolerance = name === "r2Score" ? TOLERANCES.kernelScore : TOLERANCES.kernelLoss;
  const isExact = name.endsWith("Accuracy");
  const all = [{}, ...variants].map((options) => ({ name, ...options }) as MetricConfig);

  describe.each(Object.entries(beside))(`${name} of %s`, (_, { loss, activation }) => {
    const layersOf = (units: number, everyStep: boolean) =>
      checkLayers([
        lstm({ units: 5, returnSequences: everyStep, inputShape: [null, 3] }),
        dense({ units, activation }),
      ]);
    const logits = "fromLogits" in loss && loss.fromLogits === true;
    /** Counts see the probabilities that logits stand for. */
    const seen = (outputs: Vector, units: number) => {
      if (!logits || kind.values) return outputs;
      const of = lossKindOf(loss).from!;
      return of === "softmax" ? softmaxForward(outputs, units) : outputs.map((z) => 1 / (1 + Math.exp(-z)));
    };

    describe.each(benches)("$build build", (bench) => {
      afterEach(() => bench.finish());

      test.each(sizes.flatMap((units) => SIZES.map((size) => ({ units, ...size }))))(
        "is the reference's, training and evaluating: $units units, B $B, T $T, every step: $everyStep",
        async ({ units, B, T, everyStep }) => {
          const layers = layersOf(units, everyStep);
          const batch = { x: normals(B * T * 3, 1), y: targets(B * (everyStep ? T : 1), units), B, T };
          const { network, weights } = benchNetwork(bench, layers);
          const outputs = seen(evaluate(layers, weights, batch, loss).outputs, units);
          const options = { loss, metrics: all };
          const evaluated = await evaluationPass(network, batch, options);
          const trained = (await trainingPass(bench, network, batch, options)).result;
          expect(trained.metrics).toEqual(evaluated.metrics);
          for (const [i, given] of all.entries()) {
            const { metric } = metricOf(given, loss.name)!;
            const found = kind.result(evaluated.metrics[i]!, metric);
            const reference = METRIC_REFERENCES[name] as MetricReference;
            const expected = reference(outputs, Float64Array.from(batch.y), units, logits, metric);
            const label = JSON.stringify(metric);
            if (isExact) expect(found, label).toBe(expected);
            else if (Number.isNaN(expected)) expect(found, label).toBeNaN();
            else expectClose([found], [expected], tolerance, label);
          }
          network.weights.free();
        },
      );

      test("no bit of its sums depends on how many samples go together, no count on how they are cut", async () => {
        const layers = layersOf(sizes.at(-1)!, true);
        const [B, T] = [21, 2];
        const batch = { x: normals(B * T * 3, 1), y: targets(B * T, sizes.at(-1)!), B, T };
        const { network } = benchNetwork(bench, layers);
        const sums = async (part: Batch, groupSize: number) =>
          (await evaluationPass(network, part, { loss, metrics: all, groupSize })).metrics;
        const whole = await sums(batch, 4);
        for (const groupSize of [1, 3, 16]) expect(await sums(batch, groupSize)).toEqual(whole);
        if (isExact || COUNTS.includes(name)) {
          const total = noSums();
          for (const [from, to] of [
            [0, 1],
            [1, 18],
            [18, 21],
          ] as const) {
            const own = (values: ArrayLike<number>) =>
              Float64Array.from(values).slice((from * values.length) / B, (to * values.length) / B);
            const part = { x: own(batch.x), y: own(batch.y), B: to - from, T };
            addTo(total, { loss: 0, rows: 0, peak: 0, metrics: await sums(part, 4) });
          }
          expect(total.metrics).toEqual(whole);
        }
        network.weights.free();
      });
    });
  });

  describe.each(benches)(`${name} is Keras's, $build build`, (bench) => {
    afterEach(() => bench.finish());
    const g = goldens("metric").find((one) => one.label("metric").toLowerCase() === name.toLowerCase())!;
    const given = (JSON.parse(g.label("variants")) as object[]).map(
      (own) => ({ name, ...own }) as MetricConfig,
    );

    test.each(g.label("data").split(","))("after each of several batches of %s", async (data) => {
      const [rows, units] = g.shape(`prediction_${data}`) as [number, number];
      const loss = lossFor(kind.targets);
      const layers = checkLayers([dense({ units, inputShape: [units] })]);
      const { network } = benchNetwork(bench, layers);
      const [kernel, bias] = network.weights.table.specs;
      network.weights.write(kernel!, identity(units));
      network.weights.write(bias!, new Float64Array(units));
      const sums = noSums();
      let from = 0;
      for (const [update, B] of g.tensor("rows").entries()) {
        const part = (key: string) => {
          const width = g.tensor(key).length / rows;
          return g.tensor(key).slice(from * width, (from + B) * width);
        };
        const batch = { x: part(`prediction_${data}`), y: part(`target_${data}`), B, T: 1 };
        addTo(sums, await evaluationPass(network, batch, { loss, metrics: given }));
        from += B;
        const results = Object.values(logsOf(sums, { loss, metrics: given })).slice(1) as number[];
        const own = g.tensor(`results_${data}`);
        const expected = given.map((_, v) => own[v * g.shape("rows")[0]! + update]!);
        expectClose(results, expected, TOLERANCES.kerasLoss, `${data}, update ${update}`);
      }
      network.weights.free();
    });
  });

  const compiled = (loss: LossConfig["name"], metrics: readonly MetricConfig[]) => () =>
    checkCompile({ loss, metrics }, checkLayers([dense({ units: 3, inputShape: [3] })]));

  test.each(Object.values(beside))(`${name} can be compiled beside $loss.name`, ({ loss }) => {
    expect(compiled(loss.name, [name])().metrics).toEqual([name]);
  });

  test.each(refusedBeside)(`${name} is refused beside %s, whose targets are others`, (loss) => {
    expect(compiled(loss, [name])).toThrow(/^BAD_ARGUMENT/);
    expect(compiled(loss, [name])).toThrow(name);
    expect(compiled(loss, [name])).toThrow(loss);
  });

  test(`accuracy is ${name} of ${accuracyOf.join(" and of ") || "no loss"}`, () => {
    const losses = [
      "binaryCrossentropy",
      "categoricalCrossentropy",
      "sparseCategoricalCrossentropy",
    ] as const;
    expect(losses.filter((loss) => metricOf("accuracy", loss)?.kind === kind)).toEqual(accuracyOf);
    for (const loss of accuracyOf) expect(lossKindOf({ name: loss }).targets).toBe(kind.targets);
  });

  test.each([...refuses, [{ colour: 1 }, "colour"] as const])(`${name} refuses %o`, (options, says) => {
    const [loss] = Object.values(beside);
    const compile = compiled(loss!.loss.name, [{ name, ...options } as MetricConfig]);
    expect(compile).toThrow(/^BAD_ARGUMENT/);
    expect(compile).toThrow(says);
  });
}

/** A loss that takes any such targets, and leaves outputs as they are. */
const lossFor = (targets: MetricKind["targets"]): AnyLoss =>
  targets === "class"
    ? { name: "sparseCategoricalCrossentropy", fromLogits: true }
    : { name: "meanSquaredError" };

const identity = (n: number) => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

/** What every metric must pass: the reference, beside each loss that it goes with, and the pairings refused. */
import { afterEach, describe, expect, test } from "vitest";
import { type Activation, dense, lstm } from "../../src/layers/public.ts";
import { type LossConfig, lossKindOf } from "../../src/losses/index.ts";
import { type METRICS, type MetricName, metricKindOf } from "../../src/metrics/index.ts";
import { checkCompile } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { openBenches } from "../builds.ts";
import { benchNetwork, evaluationPass, trainingPass } from "../model/bench-network.ts";
import { expectClose } from "../reference/closeness.ts";
import { METRIC_REFERENCES } from "../reference/index.ts";
import { normals } from "../reference/sample.ts";
import { evaluate } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";

export interface MetricCases {
  readonly name: keyof typeof METRICS;
  /** Losses and heads beside which it is tried, by what the head gives. */
  readonly beside: Readonly<Record<string, { readonly loss: LossConfig; readonly activation: Activation }>>;
  readonly units: readonly number[];
  /** As loss and metric want them. */
  readonly targets: (rows: number, units: number) => ArrayLike<number>;
  /** Losses whose targets are not its own. */
  readonly refusedBeside: readonly LossConfig["name"][];
  /** The losses with which it is what `accuracy` stands for. */
  readonly accuracyOf: readonly LossConfig["name"][];
}

/** A row of each sample, or one of every step; 21 samples are a shard of 16 and one of 5. */
const SIZES = [1, 3, 21].flatMap((B) => [1, 4].map((T) => ({ B, T, everyStep: T > 1 })));

export async function testMetric(cases: MetricCases): Promise<void> {
  const { name, beside, units: sizes, targets, refusedBeside, accuracyOf } = cases;
  const benches = await openBenches();

  describe.each(Object.entries(beside))(`${name} of %s`, (_, { loss, activation }) => {
    describe.each(benches)("$build build", (bench) => {
      afterEach(() => bench.finish());

      test.each(sizes.flatMap((units) => SIZES.map((size) => ({ units, ...size }))))(
        "is the reference's, training and evaluating: $units units, B $B, T $T, every step: $everyStep",
        async ({ units, B, T, everyStep }) => {
          const layers = checkLayers([
            lstm({ units: 5, returnSequences: everyStep, inputShape: [null, 3] }),
            dense({ units, activation }),
          ]);
          const rows = B * (everyStep ? T : 1);
          const batch = { x: normals(B * T * 3, 1), y: targets(rows, units), B, T };
          const { network, weights } = benchNetwork(bench, layers);
          const { outputs } = evaluate(layers, weights, batch, loss);
          const logits = "fromLogits" in loss && loss.fromLogits === true;
          const expected = METRIC_REFERENCES[name](outputs, Float64Array.from(batch.y), units, logits);
          const options = { loss, metrics: [name] };
          const evaluated = await evaluationPass(network, batch, options);
          const trained = (await trainingPass(bench, network, batch, options)).result;
          expect(trained.metrics).toEqual(evaluated.metrics);
          const [{ sum, count }] = evaluated.metrics as [{ sum: number; count: number }];
          if (name.endsWith("Accuracy")) expect(sum / count).toBe(expected);
          else expectClose([sum / count], [expected], TOLERANCES.kernelLoss, name);
          network.weights.free();
        },
      );
    });
  });

  const compiled = (loss: LossConfig["name"], metrics: readonly MetricName[]) => () =>
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
    const kind = metricKindOf(name, "");
    expect(losses.filter((loss) => metricKindOf("accuracy", loss) === kind)).toEqual(accuracyOf);
    for (const loss of accuracyOf) expect(lossKindOf({ name: loss }).targets).toBe(kind!.targets);
  });
}

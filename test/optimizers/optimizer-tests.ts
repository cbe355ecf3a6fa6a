/** What every optimiser must pass: the reference's steps of a model, Keras's of given gradients, its options. */
import { afterEach, describe, expect, test } from "vitest";
import { dense, embedding, gru } from "../../src/layers/public.ts";
import { checkCompile } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { padWeight } from "../../src/model/weights.ts";
import { OPTIMIZERS, type OptimizerConfig } from "../../src/optimizers/index.ts";
import type { OptimizerNow } from "../../src/optimizers/kind.ts";
import type { Option } from "../../src/options.ts";
import { openBenches } from "../builds.ts";
import { type Golden, type GoldenFamily, goldens } from "../fixtures/goldens.ts";
import { benchNetwork, COUNTERS, paddingOf, trainingBatch } from "../model/bench-network.ts";
import { expectClose, type Tolerance } from "../reference/closeness.ts";
import { integers, keepMask } from "../reference/sample.ts";
import { type Batch, train } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";

export interface OptimizerCases<C extends OptimizerConfig> {
  readonly name: C["name"];
  /** What its options are where nothing is said: Keras's. What is off by default is not among them. */
  readonly defaults: C & { readonly learningRate: number };
  /** Options by what they try. */
  readonly options: Readonly<Record<string, C & { readonly learningRate: number }>>;
  readonly keras: {
    readonly family: GoldenFamily;
    readonly optimizer: (g: Golden) => C & { readonly learningRate: number };
    readonly tolerance: Tolerance;
  };
  /** Values that an option cannot have. */
  readonly refuses: Readonly<Record<string, readonly unknown[]>>;
}

const V = 9;
const STEPS = 20;
const order = (n: number) => [...Array(n).keys()];

/** One sample reads few of the ids; 21 samples, a shard of 16 and one of 5, read each many times over. */
const SIZES = [
  { B: 1, T: 3 },
  { B: 5, T: 7 },
  { B: 21, T: 4 },
];

export async function testOptimizer<C extends OptimizerConfig>(cases: OptimizerCases<C>): Promise<void> {
  const { name, defaults, options, keras, refuses } = cases;
  const benches = await openBenches();
  const complete = (of: C & { readonly learningRate: number }): OptimizerNow => ({ ...defaults, ...of });

  describe.each(benches)(`${name}, $build build`, (bench) => {
    afterEach(() => bench.finish());

    describe.each(Object.entries(options))("%s", (_, optimizer) => {
      test.each(SIZES)(
        `losses and weights of ${STEPS} steps are the reference's, repeated tokens with them: B $B, T $T`,
        async ({ B, T }) => {
          const layers = checkLayers([
            embedding({ inputDim: V, outputDim: 5 }),
            gru({ units: 4 }),
            dense({ units: 1, activation: "sigmoid" }),
          ]);
          const { network, weights } = benchNetwork(bench, layers);
          const batches = Array.from({ length: STEPS }, (_, step): Batch => {
            const x = integers(B * T, V, 100 + step);
            return { x, y: keepMask(B, 0.5, 200 + step), B, T };
          });
          const expected = train(layers, weights, batches, { optimizer });
          const described = complete(optimizer);
          const {
            batch,
            optimizer: memory,
            free,
          } = trainingBatch(network, {
            T,
            batchSize: B,
            optimizer: described,
          });
          const { address, table } = network.weights;
          const { gradient, slots, squares } = memory.state;
          const losses: number[] = [];
          for (const [step, { x, y }] of batches.entries()) {
            batch.load([x], y, order(B), 0, B);
            const { loss, peak } = await batch.gradient(B, { ...COUNTERS, batch: step });
            losses.push(loss);
            expect(await batch.update(step + 1, memory.begin(peak, step + 1))).toBe(true);
            for (const block of [gradient, ...(squares ? [squares] : [])]) {
              expect(bench.read(block, table.placesLength).every((g) => g === 0)).toBe(true);
            }
          }
          expectClose(losses, expected.losses, TOLERANCES.kernelTrainingLosses, "losses");
          for (const spec of table.specs) {
            const found = network.weights.read(spec);
            const { learningRate } = described;
            expectClose(
              found,
              expected.weights[spec.name]!,
              TOLERANCES.kernelFinalWeights,
              spec.name,
              learningRate,
            );
          }
          for (const block of [address, ...slots]) {
            expect(paddingOf(network, bench.read(block, table.length)).every((w) => w === 0)).toBe(true);
          }
          free();
          network.weights.free();
        },
      );
    });

    test.each(goldens(keras.family))("takes the steps that Keras takes: $name", async (g) => {
      const [rows, units] = g.shape("w0") as [number, number];
      const layers = checkLayers([dense({ units, useBias: false, inputShape: [rows] })]);
      const { network } = benchNetwork(bench, layers);
      const [spec] = network.weights.table.specs;
      network.weights.write(spec!, g.tensor("w0"));
      const optimizer = complete(keras.optimizer(g));
      const { batch, optimizer: memory, free } = trainingBatch(network, { T: 1, batchSize: 1, optimizer });
      const size = rows * units;
      for (let s = 0; s < g.tensor("steps").length / size; s++) {
        const slice = (key: string) => g.tensor(key).subarray(s * size, (s + 1) * size);
        padWeight(spec!, slice("grads"), bench.memory.f32(memory.state.gradient, spec!.length));
        await batch.update(s + 1);
        const found = network.weights.read(spec!);
        expectClose(found, slice("steps"), keras.tolerance, `step ${s + 1}`, optimizer.learningRate);
      }
      free();
      network.weights.free();
    });
  });

  const compiled = (optimizer: unknown) =>
    checkCompile(
      { optimizer: optimizer as OptimizerConfig, loss: "meanSquaredError" },
      checkLayers([dense({ units: 1, inputShape: [3] })]),
    ).optimizer;

  test(`what is left out of ${name} is Keras's`, () => {
    expect(compiled(name)).toEqual(defaults);
    expect(compiled({ name })).toEqual(defaults);
    const own = Object.entries<Option>(OPTIMIZERS[name].options).flatMap(([option, { fallback }]) =>
      fallback === undefined ? [] : [option],
    );
    expect(Object.keys(defaults)).toEqual(["name", ...own]);
  });

  test.each(Object.entries(options))(`${name} can be compiled: %s`, (_, optimizer) => {
    expect(compiled(optimizer)).toEqual(complete(optimizer));
  });

  test.each(
    Object.entries(refuses).flatMap(([option, values]) => values.map((value) => ({ option, value }))),
  )(`${name} with $option of $value is refused`, ({ option, value }) => {
    expect(() => compiled({ name, [option]: value })).toThrow(/^BAD_ARGUMENT/);
    expect(() => compiled({ name, [option]: value })).toThrow(option);
  });
}

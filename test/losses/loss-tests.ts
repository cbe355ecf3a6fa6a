/** What every loss must pass: the reference with every head that it is for, Keras, and what it refuses. */
import { afterEach, describe, expect, test } from "vitest";
import { type Activation, dense, lstm } from "../../src/layers/public.ts";
import { type LossConfig, lossKindOf, targetWidthOf } from "../../src/losses/index.ts";
import { checkCompile } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { openBenches } from "../builds.ts";
import { type Golden, type GoldenFamily, golden } from "../fixtures/goldens.ts";
import { benchNetwork, evaluationPass, paddingOf, trainingPass } from "../model/bench-network.ts";
import { expectClose } from "../reference/closeness.ts";
import { centralDifferences } from "../reference/differences.ts";
import type { Vector } from "../reference/matrix.ts";
import { normals } from "../reference/sample.ts";
import { type Batch, evaluate, gradients } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";

const { centralDifference, kernelGradient, kernelLoss, kerasGradient, kerasLoss } = TOLERANCES;

interface LossHead {
  readonly activation: Activation;
  readonly fromLogits?: boolean;
  /** Other options of the loss. */
  readonly options?: object;
}

export interface LossCases {
  readonly name: LossConfig["name"];
  /** The heads that it is for, by what they give. */
  readonly heads: Readonly<Record<string, LossHead>>;
  readonly units: readonly number[];
  /** As the loss wants them, for so many rows of so many outputs. */
  readonly targets: (rows: number, units: number) => ArrayLike<number>;
  /** Targets of a row of three outputs that it takes, and that it refuses. */
  readonly takes: readonly number[];
  readonly refuses: readonly number[];
  /** The size of a loss's terms, where they have both signs and cancel in the mean. */
  readonly lossSize?: number;
  /** Heads that it cannot have, and a word of what is said of each. */
  readonly unfit: readonly (LossHead & { readonly units: number; readonly says: string })[];
  /** Keras's values, and the head that gives what they were computed from. */
  readonly keras: readonly (LossHead & { readonly family: GoldenFamily })[];
}

/** A row of each sample, or one of every step; 21 samples are a shard of 16 and one of 5. */
const SIZES = [1, 3, 21].flatMap((B) => [1, 4].map((T) => ({ B, T, everyStep: T > 1 })));

export async function testLoss(cases: LossCases): Promise<void> {
  const { name, heads, keras, takes, refuses, unfit, lossSize } = cases;
  const benches = await openBenches();
  const described = ({ fromLogits, options }: LossHead): LossConfig =>
    ({ name, ...(fromLogits !== undefined && { fromLogits }), ...options }) as LossConfig;

  const job = (head: LossHead, units: number, B: number, T: number, everyStep: boolean) => {
    const { activation } = head;
    const layers = checkLayers([
      lstm({ units: 5, returnSequences: everyStep, inputShape: [null, 3] }),
      dense({ units, activation }),
    ]);
    const y = cases.targets(B * (everyStep ? T : 1), units);
    return { layers, batch: { x: normals(B * T * 3, 1), y, B, T }, loss: described(head) };
  };

  describe.each(Object.entries(heads))(`${name} of %s`, (_, head) => {
    describe.each(cases.units)("%i units", (units) => {
      describe.each(benches)("$build build", (bench) => {
        afterEach(() => bench.finish());

        test.each(SIZES)(
          "loss and every gradient are the reference's, B $B, T $T, every step: $everyStep",
          async ({ B, T, everyStep }) => {
            const { layers, batch, loss } = job(head, units, B, T, everyStep);
            const { network, weights } = benchNetwork(bench, layers);
            const expected = evaluate(layers, weights, batch, loss).loss;
            const found = await trainingPass(bench, network, batch, { loss, metrics: [] });
            expectClose([found.result.loss], [expected], kernelLoss, "loss", lossSize);
            expect(found.result.rows).toBe(B * (everyStep ? T : 1));
            for (const [key, dw] of Object.entries(gradients(layers, weights, batch, loss))) {
              expectClose(found.gradients[key]!, dw, kernelGradient, `d${key}`);
            }
            expect(paddingOf(network, found.raw).every((g) => g === 0)).toBe(true);
            const evaluated = await evaluationPass(network, batch, { loss, metrics: [] });
            expect(evaluated.loss).toBe(found.result.loss);
            network.weights.free();
          },
        );

        test("weights of rows and of targets are the reference's", async () => {
          const { layers, batch: plain, loss } = job(head, units, 21, 4, true);
          const { network, weights } = benchNetwork(bench, layers);
          for (const batch of weighed(plain, loss, units)) {
            const expected = evaluate(layers, weights, batch, loss).loss;
            const found = await trainingPass(bench, network, batch, { loss, metrics: [] });
            expectClose([found.result.loss], [expected], kernelLoss, "loss", lossSize);
            for (const [key, dw] of Object.entries(gradients(layers, weights, batch, loss))) {
              expectClose(found.gradients[key]!, dw, kernelGradient, `d${key}`);
            }
            const evaluated = await evaluationPass(network, batch, { loss, metrics: [] });
            expect(evaluated.loss).toBe(found.result.loss);
          }
          network.weights.free();
        });

        test("weights that are all 1 change no bit of a gradient", async () => {
          const { layers, batch, loss } = job(head, units, 21, 2, true);
          const { network } = benchNetwork(bench, layers);
          const pass = (of: Batch) => trainingPass(bench, network, of, { loss, metrics: [] });
          const { raw, result } = await pass(batch);
          const ones = await pass({ ...batch, weights: Array(42).fill(1) });
          expect(ones.raw).toEqual(raw);
          expect(ones.result).toEqual(result);
          const { overClasses } = lossKindOf(loss);
          const lossWeights = Array<number>(targetWidthOf(loss, units)).fill(1);
          if (!overClasses) expect((await pass({ ...batch, lossWeights })).raw).toEqual(raw);
          network.weights.free();
        });

        test("no bit depends on how many samples go together", async () => {
          const { layers, batch: plain, loss } = job(head, units, 21, 2, true);
          const batch = weighed(plain, loss, units).at(-1)!;
          const { network } = benchNetwork(bench, layers);
          const pass = (groupSize: number) =>
            trainingPass(bench, network, batch, { loss, metrics: [], groupSize });
          const alone = await pass(1);
          for (const groupSize of [3, 16]) expect(await pass(groupSize)).toEqual(alone);
          network.weights.free();
        });
      });

      test("every gradient of the reference is that of its loss", () => {
        const { layers, batch: plain, loss } = job(head, units, 3, 2, true);
        const batch = weighed(plain, loss, units).at(-1)!;
        const { network, weights } = benchNetwork(benches[0]!, layers);
        network.weights.free();
        for (const [key, dw] of Object.entries(gradients(layers, weights, batch, loss))) {
          const of = () => evaluate(layers, weights, batch, loss).loss;
          expectClose(dw, centralDifferences(of, weights[key]!), centralDifference, `d${key}`);
        }
      });
    });
  });

  describe.each(benches)(`${name} is Keras's, $build build`, (bench) => {
    afterEach(() => bench.finish());

    test.each(keras)("$family, of a head that is $activation", async ({ family, ...head }) => {
      const g = golden(family);
      const [B, units] = g.shape("prediction") as [number, number];
      const loss = described(head);
      // A layer that gives x as it is, or its activation.
      const layers = checkLayers([dense({ units, activation: head.activation, inputShape: [units] })]);
      const { network } = benchNetwork(bench, layers);
      const [kernel, bias] = network.weights.table.specs;
      network.weights.write(kernel!, identity(units));
      network.weights.write(bias!, new Float64Array(units));
      const batch = { x: g.tensor("prediction"), y: g.tensor("target"), B, T: 1 };
      const found = await trainingPass(bench, network, batch, { loss, metrics: [] });
      expectClose([found.result.loss], g.tensor("loss"), kerasLoss, "loss");
      const [dkernel, dbias] = throughIdentity(g, B, units);
      expectClose(found.gradients["dense/kernel"]!, dkernel, kerasGradient, "dkernel");
      expectClose(found.gradients["dense/bias"]!, dbias, kerasGradient, "dbias");
      network.weights.free();
    });
  });

  test.each(takes)(`${name} takes a target of %f`, (target) => {
    expect(lossKindOf({ name }).refuses(target, 3)).toBeUndefined();
  });

  test.each(refuses)(`${name} refuses a target of %f, and says what it takes`, (target) => {
    expect(lossKindOf({ name }).refuses(target, 3)).toMatch(/take|targets are/);
  });

  test.each(Object.values(heads).flatMap((head) => cases.units.map((units) => ({ ...head, units }))))(
    `${name} can be compiled with $units units, $activation, fromLogits $fromLogits`,
    ({ units, ...head }) => {
      const layers = checkLayers([dense({ units, activation: head.activation, inputShape: [3] })]);
      expect(checkCompile({ loss: described(head) }, layers).loss).toEqual({
        ...Object.fromEntries(
          Object.entries(lossKindOf({ name }).options).map(([key, { fallback }]) => [key, fallback]),
        ),
        ...described(head),
      });
    },
  );

  test.each(unfit)(
    `${name} is refused behind $units units, $activation, fromLogits $fromLogits`,
    ({ units, says, ...head }) => {
      const layers = checkLayers([dense({ units, activation: head.activation, inputShape: [3] })]);
      const compile = () => checkCompile({ loss: described(head) }, layers);
      expect(compile).toThrow(/^BAD_ARGUMENT/);
      expect(compile).toThrow(says);
    },
  );
}

/** The batch with weights of its rows, of its targets where they have losses of their own, and of both; 0 among them. */
function weighed(batch: Batch, loss: LossConfig, units: number): Batch[] {
  const { B, T, y } = batch;
  const width = targetWidthOf(loss, units);
  const weights = normals(B * T, 9).map((n, i) => (i % 5 === 2 ? 0 : Math.fround(Math.abs(n))));
  expect(y.length).toBe(B * T * width);
  const ofRows = { ...batch, weights };
  if (lossKindOf(loss).overClasses) return [ofRows];
  const lossWeights = Array.from({ length: width }, (_, i) => [2.5, 0.5, 0, 1][i % 4]!);
  return [ofRows, { ...batch, lossWeights }, { ...ofRows, lossWeights }];
}

const identity = (n: number) => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

/** Gradients of the kernel and the bias of a layer that gave the golden's prediction, or its logits. */
function throughIdentity(g: Golden, rows: number, units: number): [Vector, Vector] {
  const [x, dy] = [g.tensor("prediction"), g.tensor("dprediction")];
  const dkernel = new Float64Array(units * units);
  const dbias = new Float64Array(units);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < units; j++) {
      const d = dy[r * units + j]!;
      dbias[j]! += d;
      for (let i = 0; i < units; i++) dkernel[i * units + j]! += x[r * units + i]! * d;
    }
  }
  return [dkernel, dbias];
}

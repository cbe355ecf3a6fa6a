import { kindOf } from "../../src/layers/index.ts";
import type { Layer } from "../../src/layers/public.ts";
import { lossKindOf } from "../../src/losses/index.ts";
import type { AnyLoss } from "../../src/losses/kind.ts";
import type { MetricConfig } from "../../src/metrics/index.ts";
import { type BatchResult, Batch as ModelBatch } from "../../src/model/batch.ts";
import { OptimizerMemory } from "../../src/model/optimizer-memory.ts";
import { checkLayers, inputsOf, signalsOf } from "../../src/model/stack.ts";
import { Team } from "../../src/model/team.ts";
import { Weights as ModelWeights, sizeOf, unpadWeight } from "../../src/model/weights.ts";
import type { Counters } from "../../src/model/worker.ts";
import type { AnyOptimizer } from "../../src/optimizers/kind.ts";
import type { Bench } from "../builds.ts";
import { elementMask, stateMasks, zoneMasks } from "../reference/dropout.ts";
import { normals } from "../reference/sample.ts";
import { type Batch, nameWeights, type Weights } from "../reference/sequential.ts";

/** Random numbers of the step under test, all of them other than 0. */
export const COUNTERS = { seed: 22, epoch: 3, batch: 5 } as const;

/** Adam's configuration but for the learning rate. */
export const ADAM = { name: "adam", learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;

export const LOSS = { name: "binaryCrossentropy", fromLogits: true } as const;

/** A model's layers and weights on a bench. */
export interface BenchNetwork {
  readonly layers: Layer[];
  readonly weights: ModelWeights;
}

/** A team of one, on the network's memory. */
export const teamOf = ({ weights: { kernels, memory } }: BenchNetwork): Team => new Team(kernels, memory, 1);

/** A network on a bench, with weights of size 0.4. */
export function benchNetwork(
  bench: Bench,
  given: readonly Layer[],
): { network: BenchNetwork; weights: Weights } {
  const layers = checkLayers(given);
  const network = { layers, weights: new ModelWeights(bench.k, bench.memory, layers) };
  const { specs } = network.weights.table;
  const tensors = specs.map(({ shape }, i) => normals(sizeOf(shape), 10 + i, 0.4));
  for (const [i, spec] of specs.entries()) network.weights.write(spec, tensors[i]!);
  const names = specs.map(({ name }) => name);
  return { network, weights: nameWeights(names, tensors) };
}

/** Of each input, the timesteps. */
const stepsOf = ({ T, more = [] }: Pick<Batch, "T" | "more">) => [T, ...more.map((input) => input.T)];

/** Of each input, its numbers. */
export const inputsOfBatch = ({ x, more = [] }: Omit<Batch, "y">) => [x, ...more.map((input) => input.x)];

/** What dropout keeps of a batch of B in a step, for the reference. */
export function keepMasks(
  bench: Bench,
  { layers, weights }: BenchNetwork,
  { B, ...batch }: Pick<Batch, "B" | "T" | "more">,
  { seed, batch: step, epoch }: Counters = COUNTERS,
): NonNullable<Batch["keepMasks"]> {
  const signals = signalsOf(layers, inputsOf(layers, stepsOf(batch)));
  return layers.map((given, index) => {
    const layer = given.type === "timeDistributed" ? given.layer : given;
    if (layer.type === "dropout") {
      const { T, width } = signals[index]!;
      const masks = Array.from({ length: B }, (_, sample) =>
        elementMask(T! * width, layer.rate, { seed, layer: index, sample, step, epoch }),
      );
      return masks.flatMap((mask) => Array.from(mask));
    }
    const { dropout, recurrentDropout, zoneout, zoneoutCell, units } = {
      ...{ dropout: 0, recurrentDropout: 0, zoneout: 0, zoneoutCell: 0, units: 0 },
      ...(layer.type === "bidirectional" ? layer.layer : layer),
    };
    if (dropout + recurrentDropout + zoneout + zoneoutCell === 0) return undefined;
    const [I] = weights.table.specs.find((spec) => spec.layer === index)!.shape as [number];
    // The second direction has a stream of its own.
    const streams = layer.type === "bidirectional" ? [index, index + 0x8000] : [index];
    const [keep, words] = [bench.ints(I), bench.floats(4)];
    return streams.flatMap((stream) => {
      const masks = new Array<number>(B * I).fill(0);
      for (let b = 0; b < B; b++) {
        const kept = bench.k.dropoutKeep(keep, words, I, dropout, seed, stream, b, step, epoch);
        for (const i of bench.readInts(keep, kept)) masks[b * I + i] = 1;
      }
      // Behind what is kept of the inputs, what is kept of the states; of a stack with zoneout no step is masked.
      const draw = { seed, layer: stream, step, epoch };
      const T = signals[index - 1]?.T ?? batch.T;
      const zones = (rate: number, state: "h" | "c") =>
        rate > 0 ? zoneMasks([B, T, units], rate, draw, state) : [];
      return [
        ...masks,
        ...(recurrentDropout > 0 ? stateMasks(B, units, recurrentDropout, draw) : []),
        ...zones(zoneout, "h"),
        ...zones(zoneoutCell, "c"),
      ];
    });
  });
}

interface Weighing {
  readonly weighted?: boolean;
  readonly lossWeights?: readonly number[] | undefined;
}

export interface BatchOptions {
  readonly loss?: AnyLoss;
  /** Default accuracy alone. */
  readonly metrics?: readonly MetricConfig[];
  readonly optimizer?: AnyOptimizer;
  readonly groupSize?: number;
  /** Samples that the batch has room for; B where not given. */
  readonly room?: number;
}

/** With every default of its kind. */
const complete = (loss: AnyLoss): AnyLoss => ({
  ...Object.fromEntries(
    Object.entries(lossKindOf(loss).options).map(([name, { fallback }]) => [name, fallback]),
  ),
  ...loss,
});

const identity = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The loss of a head, whatever its activation: of a sigmoid's, what goes into it is found without being told. */
export const lossOf = ({ layers }: BenchNetwork): AnyLoss => {
  const head = layers.at(-1)!;
  return { ...LOSS, fromLogits: kindOf(head).bare?.(head)?.activation !== "sigmoid" };
};

/** A batch to train on, and the optimiser's memory that goes with it. */
export function trainingBatch(
  network: BenchNetwork,
  {
    T,
    more = [],
    batchSize,
    groupSize = 4,
    loss = lossOf(network),
    metrics = ["accuracy"],
    optimizer: description = ADAM,
    ...weighing
  }: Pick<Batch, "T" | "more"> & { readonly batchSize: number } & Weighing & BatchOptions,
): { batch: ModelBatch; optimizer: OptimizerMemory; free: () => void } {
  const optimizer = new OptimizerMemory(network.weights, description);
  const options = {
    layers: network.layers,
    T: stepsOf({ T, more }),
    batchSize,
    groupSize,
    loss: complete(loss),
    metrics,
    ...weighing,
  };
  const batch = new ModelBatch(network.weights, teamOf(network), {
    ...options,
    optimizer: () => optimizer.state,
  });
  const free = () => {
    batch.free();
    optimizer.free();
  };
  return { batch, optimizer, free };
}

/** Loss and every gradient, under the weights' names, of one way there and back. */
export async function trainingPass(
  bench: Bench,
  network: BenchNetwork,
  batchData: Batch,
  { room, ...options }: BatchOptions = {},
): Promise<{ result: BatchResult; gradients: Record<string, Float32Array>; raw: Float32Array }> {
  const { y, weights, lossWeights, B, T, more = [] } = batchData;
  const { batch, optimizer, free } = trainingBatch(network, {
    T,
    more,
    batchSize: room ?? B,
    weighted: weights !== undefined,
    lossWeights,
    ...options,
  });
  batch.load(inputsOfBatch(batchData), y, identity(B), 0, B, weights);
  const result = await batch.gradient(B, COUNTERS);
  const { specs, length } = network.weights.table;
  const raw = bench.read(optimizer.state.gradient, length);
  const gradients = Object.fromEntries(
    specs.map((spec) => [spec.name, unpadWeight(spec, raw.subarray(spec.offset, spec.offset + spec.length))]),
  );
  free();
  return { result, gradients, raw };
}

/** Loss of the batch without dropout. */
export async function evaluationPass(
  network: BenchNetwork,
  given: Batch,
  { loss = lossOf(network), groupSize = 4, metrics = ["accuracy"] }: BatchOptions = {},
): Promise<BatchResult> {
  const { y, weights, lossWeights, B } = given;
  const x = inputsOfBatch(given);
  const options = {
    layers: network.layers,
    T: stepsOf(given),
    batchSize: B,
    groupSize,
    loss: complete(loss),
    lossWeights,
    weighted: weights !== undefined,
    metrics,
    optimizer: null,
  };
  const batch = new ModelBatch(network.weights, teamOf(network), options, x);
  batch.load(x, y, identity(B), 0, B, weights);
  const result = await batch.evaluate(B);
  batch.free();
  return result;
}

/** Outputs of samples of the batch, all where no order is given. */
export async function predictionPass(
  network: BenchNetwork,
  given: Omit<Batch, "y">,
  { groupSize = 4, order = identity(given.B) }: BatchOptions & { readonly order?: readonly number[] } = {},
): Promise<Float32Array> {
  const count = order.length;
  const [x, T] = [inputsOfBatch(given), stepsOf(given)];
  const options = { layers: network.layers, T, batchSize: count, groupSize, loss: null, optimizer: null };
  const batch = new ModelBatch(network.weights, teamOf(network), options, x);
  batch.load(x, null, order, 0, count);
  const to = new Float32Array(count * batch.outputSize);
  await batch.predict(count, to);
  batch.free();
  return to;
}

/** Numbers of a padded block that stand in its padding. */
export function paddingOf({ weights }: BenchNetwork, block: Float32Array): Float32Array {
  const inside = weights.table.specs.flatMap((spec) =>
    Array.from(
      { length: spec.length },
      (_, i) => [spec.offset + i, i % spec.stride >= spec.width] as [number, boolean],
    ),
  );
  return Float32Array.from(inside.filter(([, pads]) => pads).map(([at]) => block[at]!));
}

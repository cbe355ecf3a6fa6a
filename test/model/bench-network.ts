import type { Layer } from "../../src/model/layers.ts";
import { Network } from "../../src/model/network.ts";
import type { LossKernel } from "../../src/model/plan.ts";
import type { StepCounters } from "../../src/model/runner.ts";
import { sizeOf, unpadWeight } from "../../src/model/table.ts";
import { Team } from "../../src/model/team.ts";
import { type BatchResult, Workspace } from "../../src/model/workspace.ts";
import { Adam } from "../../src/train/adam.ts";
import type { Bench } from "../builds.ts";
import { normals } from "../reference/sample.ts";
import { type Batch, nameWeights, type Weights } from "../reference/sequential.ts";

/** Random numbers of the step under test, all of them other than 0. */
export const COUNTERS = { seed: 22, epoch: 3, step: 5, iteration: 1 } as const;

/** Adam's configuration but for the learning rate. */
export const ADAM = { name: "adam", learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;

/** A team of one, on the network's memory. */
export const teamOf = ({ kernels, memory }: Network): Team => new Team(kernels, memory, 1);

/** A network on a bench, with weights of size 0.4. */
export function benchNetwork(bench: Bench, layers: readonly Layer[]): { network: Network; weights: Weights } {
  const network = new Network(bench.k, bench.memory, layers);
  const tensors = network.table.map(({ shape }, i) => normals(sizeOf(shape), 10 + i, 0.4));
  for (const [i, spec] of network.table.entries()) network.write(spec, tensors[i]!);
  const names = network.table.map(({ name }) => name);
  return { network, weights: nameWeights(names, tensors) };
}

/** What dropout keeps of a batch of B in a step, for the reference. */
export function keepMasks(
  bench: Bench,
  network: Network,
  B: number,
  { seed, step, epoch }: Omit<StepCounters, "iteration"> = COUNTERS,
): NonNullable<Batch["keepMasks"]> {
  return network.layers.map((layer, index) => {
    if (layer.type === "embedding" || layer.type === "dense" || layer.dropout === 0) return undefined;
    const [I] = network.table.find((spec) => spec.layer === index)!.shape as [number];
    const masks = new Uint8Array(B * I);
    const [keep, words] = [bench.ints(I), bench.floats(4)];
    for (let b = 0; b < B; b++) {
      const kept = bench.k.dropoutKeep(keep, words, I, layer.dropout, seed, index, b, step, epoch);
      for (const i of bench.readInts(keep, kept)) masks[b * I + i] = 1;
    }
    return masks;
  });
}

export interface BatchOptions {
  readonly loss?: LossKernel;
  readonly groupSize?: number;
  /** Samples that the workspace has room for; B where not given. */
  readonly room?: number;
}

const identity = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Loss and every gradient, under the weights' names, of one training pass. */
export async function trainingPass(
  bench: Bench,
  network: Network,
  { x, y, B, T }: Batch,
  { loss = "bceLogits", groupSize = 4, room = B }: BatchOptions = {},
): Promise<{ result: BatchResult; gradients: Record<string, Float32Array>; raw: Float32Array }> {
  const adam = new Adam(network, ADAM);
  const options = { T, batchSize: room, groupSize, loss, optimizer: () => adam.state };
  const workspace = new Workspace(network, teamOf(network), options);
  workspace.load(x, y, identity(B), 0, B);
  const result = await workspace.train(B, COUNTERS, false);
  const raw = bench.read(adam.state.gradient, network.length);
  const gradients = Object.fromEntries(
    network.table.map((spec) => [
      spec.name,
      unpadWeight(spec, raw.subarray(spec.offset, spec.offset + spec.length)),
    ]),
  );
  workspace.free();
  adam.free();
  return { result, gradients, raw };
}

/** Loss of the batch without dropout. */
export async function evaluationPass(
  network: Network,
  { x, y, B, T }: Batch,
  { loss = "bceLogits", groupSize = 4 }: BatchOptions = {},
): Promise<BatchResult> {
  const options = { T, batchSize: B, groupSize, loss, optimizer: null };
  const workspace = new Workspace(network, teamOf(network), options, x);
  workspace.load(x, y, identity(B), 0, B);
  const result = await workspace.evaluate(B);
  workspace.free();
  return result;
}

/** Outputs of the batch. */
export async function predictionPass(
  network: Network,
  { x, B, T }: Omit<Batch, "y">,
  { groupSize = 4 }: BatchOptions = {},
): Promise<Float32Array> {
  const options = { T, batchSize: B, groupSize, loss: null, optimizer: null };
  const workspace = new Workspace(network, teamOf(network), options, x);
  workspace.load(x, null, identity(B), 0, B);
  const to = new Float32Array(B * workspace.outputSize);
  await workspace.predict(B, to);
  workspace.free();
  return to;
}

/** Numbers of a padded block that stand in its padding. */
export function paddingOf(network: Network, block: Float32Array): Float32Array {
  const inside = network.table.flatMap((spec) =>
    Array.from(
      { length: spec.length },
      (_, i) => [spec.offset + i, i % spec.stride >= spec.width] as [number, boolean],
    ),
  );
  return Float32Array.from(inside.filter(([, pads]) => pads).map(([at]) => block[at]!));
}

/** One layer by itself on a bench: its output, and every gradient, from the gradient of its output. */

import { type Group, padded, type Rows } from "../../src/layers/kind.ts";
import { dense, type Layer, masking } from "../../src/layers/public.ts";
import { masksOf, planBatch } from "../../src/model/plan.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { unpadWeight, Weights } from "../../src/model/weights.ts";
import { Worker } from "../../src/model/worker.ts";
import { Solo } from "../../src/wasm/threads.ts";
import type { Bench } from "../builds.ts";

export interface LayerInputs {
  readonly layer: Layer;
  /** In Keras's order. */
  readonly weights: readonly ArrayLike<number>[];
  /** Ids (B, T), or (B, T, width). */
  readonly x: ArrayLike<number>;
  /** As long as the output. */
  readonly dy: ArrayLike<number>;
  readonly B: number;
  readonly T: number;
  readonly groupSize?: number;
  /** (B, T): 0 where a row is masked, whatever x has there. Default none. */
  readonly mask?: ArrayLike<number> | undefined;
}

export interface LayerResult {
  readonly y: Float32Array;
  /** Null where x is ids. */
  readonly dx: Float32Array | null;
  readonly dweights: readonly Float32Array[];
}

/** Numbers that random choices depend on, all of them other than 0. */
export const COUNTERS = { seed: 22, epoch: 3, batch: 5 } as const;

/** A number that no x of a test has: where a mask is given, masked rows are made of it. */
const MASKED = 1e6;

/**
 * There and back through the layer as a model runs it, a group at a time. Where x is numbers, a dense layer
 * that gives x unchanged comes first, so that the layer is asked for dx.
 */
export function runLayer(
  bench: Bench,
  { layer, weights, x, dy, B, T, groupSize = 4, mask }: LayerInputs,
): LayerResult {
  const shape = "inputShape" in layer ? layer.inputShape : undefined;
  const width = shape?.at(-1) ?? 1;
  const { inputShape: _, ...inner } = { inputShape: undefined, ...layer };
  const own = layer.type === "masking" || !shape;
  const first = shape && !own && { inputShape: shape as readonly [number | null, number] };
  const below: Layer[] = first
    ? [
        ...(mask ? [masking({ maskValue: MASKED, ...first })] : []),
        dense({ units: width, useBias: false, ...(!mask && first) }),
      ]
    : [];
  const layers = checkLayers([...below, (first ? inner : layer) as Layer]);
  const model = new Weights(bench.k, bench.memory, layers);
  const identity = first
    ? [Float32Array.from({ length: width ** 2 }, (_, i) => Number(i % (width + 1) === 0))]
    : [];
  const { specs } = model.table;
  for (const [i, values] of [...identity, ...weights].entries()) model.write(specs[i]!, values);

  const batch = {
    layers,
    T: [T],
    batchSize: B,
    groupSize: Math.min(groupSize, B),
    threads: 1,
    loss: null,
    lossWeights: null,
    weighted: false,
    metrics: [],
    backward: true,
    flow: false,
    outputs: false,
    tokens: [0],
    int8: {},
    stored: false,
  };
  const { bytes, inputs, partials, table } = planBatch(batch);
  const { data: input, mask: masks } = inputs[0]!;
  const base = bench.memory.allocate(bytes, "a layer");
  const worker = new Worker(
    bench.k,
    bench.memory.wasm,
    { shape: batch, base, weights: model.address, store: 0, state: null },
    0,
  );
  const sequence = T * width;
  for (let row = 0; row < B * T; row++) {
    const to = shape
      ? bench.memory.f32(base + input + row * padded(width) * 4, width)
      : bench.memory.i32(base + input + row * 4, 1);
    to.set(Array.prototype.slice.call(x, row * width, (row + 1) * width) as number[]);
    if (mask?.[row] === 0) to.fill(MASKED);
    const hidden = masksOf(layers)?.(to);
    if (hidden === undefined) continue;
    bench.memory.i32(base + masks + row * 4, 1)[0] = hidden ? 0 : 1;
    if (hidden) to.fill(0);
  }
  const solo = new Solo();
  solo.run(worker.perform({ kind: "prepare" }, solo));
  const { passes } = worker;
  const last = passes.at(-1)!;
  const { width: out, T: rows } = last.y;
  const result = {
    y: new Float32Array(B * rows * out),
    dx: first ? new Float32Array(B * sequence) : null,
  };
  const partial = base + partials;
  for (const pass of passes) pass.beginShard?.(0);
  for (let first = 0; first < B; first += batch.groupSize) {
    const group: Group = { first, count: Math.min(batch.groupSize, B - first), ...COUNTERS, partial };
    for (const pass of passes) pass.forward(group);
    eachRow(bench, last.y, group, (row, at) => result.y.set(row, at));
    eachRow(bench, last.dy, group, (row, at) => row.set(Float32Array.from(row, (_, j) => dy[at + j]!)));
    last.backward(group);
    if (result.dx) eachRow(bench, passes.at(-2)!.dy, group, (row, at) => result.dx!.set(row, at));
  }
  for (const pass of passes) pass.endShard?.(0, partial);
  const gradient = bench.memory.allocate(table.length * 4, "gradients");
  for (const pass of passes) pass.sumPlaces?.(gradient, 0, B, 0, 1, Infinity);
  const dweights = specs.slice(identity.length).map((spec) => {
    const from = spec.sum === "places" ? gradient : partial - table.placesLength * 4;
    return unpadWeight(spec, bench.memory.f32(from + spec.offset * 4, spec.length));
  });
  for (const address of [gradient, base]) bench.memory.free(address);
  model.free();
  return { ...result, dweights };
}

/** Each row of the group's samples, and where it begins among those of the whole batch, without padding. */
function eachRow(
  bench: Bench,
  rows: Rows,
  group: Group,
  work: (row: Float32Array, at: number) => void,
): void {
  for (let r = 0; r < group.count; r++) {
    for (let t = 0; t < rows.T; t++) {
      const address = rows.at(group) + (r * rows.sequence + t * rows.stride) * 4;
      work(bench.memory.f32(address, rows.width), ((group.first + r) * rows.T + t) * rows.width);
    }
  }
}

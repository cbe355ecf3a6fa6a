/** What every kind of layer must pass: the reference, its own differences, and Keras. */
import { afterEach, describe, expect, test } from "vitest";
import { kindOf } from "../../src/layers/index.ts";
import type { Layer } from "../../src/layers/public.ts";
import { openBenches } from "../builds.ts";
import { type Golden, type GoldenFamily, goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { dot, expectGradients } from "../reference/differences.ts";
import { stateMasks, zoneMasks } from "../reference/dropout.ts";
import { referenceOf } from "../reference/index.ts";
import type { Signal } from "../reference/kind.ts";
import { integers, normals, stepMask } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { COUNTERS, runLayer } from "./bench-layer.ts";

const { kernelForward, kernelGradient, kerasForward, kerasGradient } = TOLERANCES;

export interface LayerCases {
  readonly type: Layer["type"];
  /** Descriptions by what they try, each with an inputShape where it reads numbers. */
  readonly layers: Readonly<Record<string, Layer>>;
  /** Timesteps to try where an inputShape leaves them open. Default 1 and 7. */
  readonly steps?: readonly [number, number];
  /** Whether it reads masks: then all is tried with masked rows, too. Default false. */
  readonly masked?: boolean;
  /** Keras's values, and the layer that they are of; or why there are none. */
  readonly keras: readonly KerasCase[] | string;
}

interface KerasCase {
  readonly family: GoldenFamily;
  readonly layer: (g: Golden) => Layer;
  /** What the golden calls the weights; w0, w1, … where it says nothing. Their gradients have a d before. */
  readonly weights?: readonly string[];
  /** Where the values are not Keras's in float32: whose they are, in float64. */
  readonly by?: string;
}

/** One and several of each; 5 samples are a group and one more. */
const sizesOf = (steps: readonly number[]) => [1, 3, 5].flatMap((B) => steps.map((T) => ({ B, T })));

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Weights of size 0.4, inputs and gradients of size 1. */
function sample(layer: Layer, B: number, T: number, masked: boolean) {
  const width = inputWidth(layer);
  const rows = isSequence(layer) ? (shapeOf(layer)?.[0] ?? T) : 1;
  const weights = referenceOf(layer)
    .weights(layer, width)
    .map(([, shape], i) => normals(sizeOf(shape), 10 + i, 0.4));
  const ids = kindOf(layer).reads === "ids";
  const values = ids ? Float64Array.from(integers(B * T, 6, 1)) : normals(B * rows * width, 1);
  const mask = masked ? stepMask(B, T) : undefined;
  const x: Signal = { values, B, T: rows, width, mask };
  const pass = referenceOf(layer).forward(layer, weights, x, keptBy(layer, x));
  return { weights, x, pass, dy: normals(pass.y.values.length, 3) };
}

/** What recurrent dropout and zoneout keep where the layer is that of `runLayer`; behind inputs that are all kept. */
function keptBy(layer: Layer, { B, T, width, mask }: Signal): number[] | undefined {
  const { recurrentDropout, zoneout, zoneoutCell, goBackwards, units } = {
    ...{ recurrentDropout: 0, zoneout: 0, zoneoutCell: 0, goBackwards: false, units: 0 },
    ...(layer.type === "bidirectional" ? layer.layer : layer),
  };
  if (recurrentDropout + zoneout + zoneoutCell === 0) return undefined;
  const { seed, epoch, batch: step } = COUNTERS;
  const own = mask ? 2 : 1;
  const streams = layer.type === "bidirectional" ? [own, own + 0x8000] : [own];
  return streams.flatMap((stream, side) => {
    const draw = { seed, epoch, step, layer: stream };
    const fromEnd = goBackwards || side === 1;
    const read = mask && Array.from(mask, (_, i) => mask[fromEnd ? i - 2 * (i % T) + T - 1 : i]!);
    const zones = (rate: number, state: "h" | "c") =>
      rate > 0 ? zoneMasks([B, T, units], rate, draw, state, read) : [];
    return [
      ...new Array<number>(B * width).fill(1),
      ...(recurrentDropout > 0 ? stateMasks(B, units, recurrentDropout, draw) : []),
      ...zones(zoneout, "h"),
      ...zones(zoneoutCell, "c"),
    ];
  });
}

const shapeOf = (layer: Layer) => ("inputShape" in layer ? layer.inputShape : undefined);
const inputWidth = (layer: Layer) => shapeOf(layer)?.at(-1) ?? 1;
const isSequence = (layer: Layer) => shapeOf(layer)?.length !== 1;

export async function testLayer({
  type,
  layers,
  steps = [1, 7],
  masked = false,
  keras,
}: LayerCases): Promise<void> {
  const benches = await openBenches();

  const tried = Object.entries(layers).flatMap(([name, layer]) => [
    { name, layer, masked: false },
    ...(masked ? [{ name: `${name}, rows masked`, layer, masked }] : []),
  ]);
  describe.each(tried)(`${type}: $name`, ({ layer, masked }) => {
    test.each([
      { B: 1, T: steps[0] },
      { B: 3, T: Math.max(steps[0], 4) },
    ])("every gradient of the reference is that of its way there, B $B, T $T", ({ B, T }) => {
      const { weights, x, pass, dy } = sample(layer, B, T, masked);
      const { dx, dweights } = pass.backward(dy);
      const tensors = { ...(shapeOf(layer) && { x: x.values }), ...named("w", weights) };
      const found = {
        dx,
        ...named(
          "dw",
          dweights.map(({ dw }) => dw),
        ),
      };
      const y = () => referenceOf(layer).forward(layer, weights, x, keptBy(layer, x)).y.values;
      expectGradients(() => dot(y(), dy), tensors, found);
    });

    describe.each(benches)("$build build", (bench) => {
      afterEach(() => bench.finish());

      test.each(sizesOf(steps))("output and every gradient are the reference's, B $B, T $T", ({ B, T }) => {
        const { weights, x, pass, dy } = sample(layer, B, T, masked);
        const found = runLayer(bench, { layer, weights, x: x.values, mask: x.mask, dy, B, T: x.T });
        const { dx, dweights } = pass.backward(dy);
        expectClose(found.y, pass.y.values, kernelForward, "y");
        if (found.dx) expectClose(found.dx, dx, kernelGradient, "dx");
        expect(found.dweights).toHaveLength(dweights.length);
        for (const [i, { dw }] of dweights.entries()) {
          expectClose(found.dweights[i]!, dw, kernelGradient, `dw${i}`);
        }
      });

      test("no bit depends on how many samples go together", () => {
        const { weights, x, dy } = sample(layer, 5, 7, masked);
        const run = (groupSize: number) =>
          runLayer(bench, { layer, weights, x: x.values, mask: x.mask, dy, B: 5, T: x.T, groupSize });
        const alone = run(1);
        for (const groupSize of [2, 3, 5]) expect(run(groupSize)).toEqual(alone);
      });
    });
  });

  if (typeof keras === "string") {
    test(`${type} has no values of Keras's: ${keras}`, () => expect(keras).not.toBe(""));
    return;
  }
  for (const { family, layer: layerOf, weights: names = NUMBERED, by } of keras) {
    const [forward, gradient] = by ? [kernelForward, kernelGradient] : [kerasForward, kerasGradient];
    describe.each(benches)(`${type} computes what ${by ?? "Keras"} does, $build build`, (bench) => {
      afterEach(() => bench.finish());

      test.each(goldens(family).filter((g) => !g.has("h0")))("$name", (g) => {
        const layer = layerOf(g);
        const [B, ...rest] = g.shape("x") as [number, ...number[]];
        const own = names.filter((name) => g.has(name));
        const weights = own.map((name) => g.tensor(name));
        const T = rest.length > 1 ? rest[0]! : 1;
        const mask = maskOf(g);
        const found = runLayer(bench, { layer, weights, x: g.tensor("x"), mask, dy: g.tensor("dy"), B, T });
        expectClose(found.y, g.tensor("y"), forward, "y");
        if (found.dx) expectClose(found.dx, g.tensor("dx"), gradient, "dx");
        expect(found.dweights).toHaveLength(weights.length);
        for (const [i, dw] of found.dweights.entries()) {
          expectClose(dw, g.tensor(`d${own[i]}`), gradient, `d${own[i]}`);
        }
      });
    });
  }
}

/** Which steps a golden masks: those that it says, or those from each sequence's length on. */
function maskOf(g: Golden): ArrayLike<number> | undefined {
  if (!g.has("lengths")) return g.has("mask") ? g.tensor("mask") : undefined;
  const T = g.setting("T");
  return Array.from(g.tensor("lengths")).flatMap((length) =>
    Array.from({ length: T }, (_, t) => Number(t < length)),
  );
}

/** Of a golden's recurrent layer. */
export const zoneoutOf = (g: Golden, name: "zoneout" | "zoneout_cell" = "zoneout"): number =>
  g.name.includes("zoneout") ? g.setting(name) : 0;

/** The same. */
export const recurrentDropoutOf = (g: Golden): number =>
  g.name.includes("dropped") ? g.setting("recurrent_dropout") : 0;

const NUMBERED = Array.from({ length: 9 }, (_, i) => `w${i}`);

const named = (letter: string, tensors: readonly Float64Array[]) =>
  Object.fromEntries(tensors.map((tensor, i) => [`${letter}${i}`, tensor]));

import { describe, expect, test } from "vitest";
import { goldens } from "../fixtures/goldens.ts";
import { TOLERANCES } from "../tolerances.ts";
import { bidirectional, type Direction, type MergeMode } from "./bidirectional.ts";
import { expectClose } from "./closeness.ts";
import { dot, expectGradients } from "./differences.ts";
import { gruBackward, gruForward } from "./gru.ts";
import { lstmBackward, lstmForward, type RecurrentSizes, type RecurrentWeights } from "./lstm.ts";
import type { Vector } from "./matrix.ts";
import { normals } from "./sample.ts";

interface Gradients {
  readonly dx: Vector;
  readonly dW: Vector;
  readonly dU: Vector;
  readonly db: Vector;
}

const lstm =
  (weights: RecurrentWeights, sizes: RecurrentSizes): Direction<Gradients> =>
  (x) => {
    const forward = lstmForward(x, weights, sizes);
    return { h: forward.h, backward: (dh) => lstmBackward(dh, forward) };
  };

const gru =
  (weights: RecurrentWeights, sizes: RecurrentSizes): Direction<Gradients> =>
  (x) => {
    const forward = gruForward(x, weights, { ...sizes, resetAfter: true });
    return { h: forward.h, backward: (dh) => gruBackward(dh, forward) };
  };

const FORMS = (["concat", "sum", "mul", "ave"] as const).flatMap((mergeMode) =>
  [true, false].map((returnSequences) => ({ mergeMode, returnSequences })),
);

describe.each(FORMS)(
  "every gradient of the bidirectional reference: $mergeMode, sequences $returnSequences",
  ({ mergeMode, returnSequences }) => {
    test.each([
      { cell: "lstm", layer: lstm, blocks: 4, biases: 1 },
      { cell: "gru", layer: gru, blocks: 3, biases: 2 },
    ])("$cell", ({ layer, blocks, biases }) => {
      const sizes = { B: 2, T: 4, I: 3, H: 4 };
      const { B, T, I, H } = sizes;
      const N = blocks * H;
      const x = normals(B * T * I, 1);
      const side = (seed: number) => ({
        W: normals(I * N, seed, 0.4),
        U: normals(H * N, seed + 1, 0.4),
        b: normals(biases * N, seed + 2, 0.4),
      });
      const [ahead, back] = [side(2), side(5)];
      const form = { B, T, mergeMode, returnSequences };
      const run = () => bidirectional(x, layer(ahead, sizes), layer(back, sizes), form);
      const { y, backward } = run();
      const dy = normals(y.length, 8);
      const found = backward(dy);
      const loss = () => dot(run().y, dy);
      expectGradients(loss, { x }, { dx: found.dx });
      expectGradients(loss, { ...ahead }, { ...found.ahead });
      expectGradients(loss, { ...back }, { ...found.back });
    });
  },
);

test("the direction back is the direction ahead of a sequence read from the end", () => {
  const sizes = { B: 1, T: 3, I: 1, H: 2 };
  const weights = { W: normals(8, 1), U: normals(16, 2), b: normals(8, 3) };
  const run = (x: number[]) => {
    const form = { ...sizes, mergeMode: "concat", returnSequences: true } as const;
    const { y } = bidirectional(Float64Array.from(x), lstm(weights, sizes), lstm(weights, sizes), form);
    const half = (part: number) =>
      [0, 1, 2].map((t) => [...y.subarray(4 * t + 2 * part, 4 * t + 2 * part + 2)]);
    return { ahead: half(0), back: half(1) };
  };
  expect(run([1, 2, 3]).back).toEqual(run([3, 2, 1]).ahead.reverse());
  expect(run([1, 2, 3]).back).not.toEqual(run([1, 2, 3]).ahead);
});

describe("the bidirectional reference computes what Keras does", () => {
  test.each(goldens("bidirectional"))("$name", (g) => {
    const sizes = { B: g.setting("B"), T: g.setting("T"), I: g.setting("I"), H: g.setting("units") };
    const weights = (from: number) => ({
      W: g.tensor(`w${from}`),
      U: g.tensor(`w${from + 1}`),
      b: g.tensor(`w${from + 2}`),
    });
    const form = {
      ...sizes,
      mergeMode: g.label("merge_mode") as MergeMode,
      returnSequences: g.shape("y").length === 3,
    };
    const [ahead, back] = [lstm(weights(0), sizes), lstm(weights(3), sizes)];
    const { y, backward } = bidirectional(g.tensor("x"), ahead, back, form);
    expectClose(y, g.tensor("y"), TOLERANCES.kerasForward, "y");
    const found = backward(g.tensor("dy"));
    const { dW: dw0, dU: dw1, db: dw2 } = found.ahead;
    const { dW: dw3, dU: dw4, db: dw5 } = found.back;
    for (const [key, actual] of Object.entries({ dx: found.dx, dw0, dw1, dw2, dw3, dw4, dw5 })) {
      expectClose(actual, g.tensor(key), TOLERANCES.kerasGradient, key);
    }
  });
});

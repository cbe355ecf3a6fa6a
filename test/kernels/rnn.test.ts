import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { rnnBackward, rnnForward } from "../reference/rnn.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runCell } from "./cell.ts";
import { RECURRENT_SHAPES, recurrentSample } from "./recurrent-sample.ts";

const { kernelForward, kernelGradient, kerasForward, kerasGradient } = TOLERANCES;

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  describe("rnnForward and rnnBackward compute what the reference does", () => {
    test.each(RECURRENT_SHAPES)("at B $B, T $T, I $I, H $H, from any state", (sizes) => {
      const { x, weights, h0, dh } = recurrentSample(1, sizes);
      const forward = rnnForward(x, weights, sizes, { h0 });
      const found = runCell(bench, "rnn", { x, weights, sizes, h0, dh });
      expectClose(found.y!, forward.h, kernelForward, "h");
      for (const [name, gradient] of Object.entries(rnnBackward(dh, forward))) {
        expectClose(found[name]!, gradient, kernelGradient, name);
      }
    });

    test.each(RECURRENT_SHAPES)("at B $B, T $T, I $I, H $H, where only the last output is used", (sizes) => {
      const { x, weights } = recurrentSample(1, sizes);
      const { B, T, H } = sizes;
      const dhT = normals(B * H, 8);
      const dh = new Float64Array(B * T * H);
      for (let b = 0; b < B; b++) dh.set(dhT.subarray(b * H, (b + 1) * H), (b * T + T - 1) * H);
      const found = runCell(bench, "rnn", { x, weights, sizes, dh: dhT });
      for (const [name, gradient] of Object.entries(rnnBackward(dh, rnnForward(x, weights, sizes)))) {
        expectClose(found[name]!, gradient, kernelGradient, name);
      }
    });
  });

  test.each([1, 3, 4, 5])("%i sequences abreast give the bits that each gives alone", (B) => {
    const sizes = { B, T: 7, I: 5, H: 12 };
    const { x, weights, h0, dh } = recurrentSample(1, sizes);
    const together = runCell(bench, "rnn", { x, weights, sizes, h0, dh });
    for (let b = 0; b < B; b++) {
      const cut = (all: Float64Array) => all.subarray((b * all.length) / B, ((b + 1) * all.length) / B);
      const one = { x: cut(x), weights, sizes: { ...sizes, B: 1 }, h0: cut(h0), dh: cut(dh) };
      const alone = runCell(bench, "rnn", one);
      for (const name of ["y", "dx", "dh0"]) {
        const [all, part] = [together[name]!, alone[name]!];
        expect(part, name).toEqual(all.subarray(b * part.length, (b + 1) * part.length));
      }
    }
  });

  test("an error that decays over 640 steps ends at exactly 0 and leaves no subnormal number", () => {
    const sizes = { B: 1, T: 640, I: 3, H: 5 };
    const { x, weights, dh } = recurrentSample(1, sizes);
    const last = dh.subarray(-sizes.H);
    const found = runCell(bench, "rnn", {
      x,
      weights: { ...weights, U: weights.U.map((u) => u / 4) },
      sizes,
      dh: last,
    });
    const subnormal = (value: number) => value !== 0 && Math.abs(value) < 2 ** -126;
    for (const [name, values] of Object.entries(found)) expect(values.some(subnormal), name).toBe(false);
    expect(found.dx!.subarray(-sizes.I).every((value) => value !== 0)).toBe(true);
    expect(found.dx!.subarray(0, 300 * sizes.I).every((value) => value === 0)).toBe(true);
  });

  describe("the RNN kernels compute what Keras does", () => {
    test.each(goldens("rnn"))("$name", (g) => {
      const sizes = { B: g.setting("B"), T: g.setting("T"), I: g.setting("I"), H: g.setting("units") };
      const weights = { W: g.tensor("w0"), U: g.tensor("w1"), b: g.tensor("w2") };
      const inputs = { x: g.tensor("x"), weights, sizes, dh: g.tensor("dy") };
      const { y, hT, dx, dW, dU, db } = runCell(bench, "rnn", inputs);
      for (const [key, found] of Object.entries({ y, hT })) {
        expectClose(found!, g.tensor(key), kerasForward, `${g.name} ${key}`);
      }
      for (const [key, found] of Object.entries({ dx, dw0: dW, dw1: dU, dw2: db })) {
        expectClose(found!, g.tensor(key), kerasGradient, `${g.name} ${key}`);
      }
    });
  });
});

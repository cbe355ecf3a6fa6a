import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { gruBackward, gruForward } from "../reference/gru.ts";
import type { RecurrentSizes } from "../reference/lstm.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runCell } from "./cell.ts";
import { RECURRENT_SHAPES, recurrentSample } from "./recurrent-sample.ts";

const { kernelForward, kernelGradient, kerasForward, kerasGradient } = TOLERANCES;

const FORMS = [
  { form: "after", cell: "gru", resetAfter: true },
  { form: "before", cell: "gruBefore", resetAfter: false },
] as const;

function gruSample(sizes: RecurrentSizes, resetAfter: boolean) {
  const { weights, ...rest } = recurrentSample(3, sizes);
  const b = resetAfter ? normals(6 * sizes.H, 4, 0.4) : weights.b;
  return { ...rest, weights: { ...weights, b } };
}

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  describe.each(FORMS)("reset $form", ({ cell, resetAfter }) => {
    const sample = (sizes: RecurrentSizes) => gruSample(sizes, resetAfter);

    describe("the GRU kernels compute what the reference does", () => {
      test.each(RECURRENT_SHAPES)("at B $B, T $T, I $I, H $H, from any state", (sizes) => {
        const { x, weights, h0, dh } = sample(sizes);
        const forward = gruForward(x, weights, { ...sizes, resetAfter }, { h0 });
        const found = runCell(bench, cell, { x, weights, sizes, h0, dh });
        expectClose(found.y!, forward.h, kernelForward, "h");
        expectClose(found.hT!, forward.hT, kernelForward, "hT");
        expectClose(found.gates!, forward.gates, kernelForward, "gates");
        for (const [name, gradient] of Object.entries(gruBackward(dh, forward))) {
          expectClose(found[name]!, gradient, kernelGradient, name);
        }
      });

      test.each(RECURRENT_SHAPES)(
        "at B $B, T $T, I $I, H $H, where only the last output is used",
        (sizes) => {
          const { x, weights } = sample(sizes);
          const { B, T, H } = sizes;
          const dhT = normals(B * H, 8);
          const dh = new Float64Array(B * T * H);
          for (let b = 0; b < B; b++) dh.set(dhT.subarray(b * H, (b + 1) * H), (b * T + T - 1) * H);
          const found = runCell(bench, cell, { x, weights, sizes, dh: dhT });
          const expected = gruBackward(dh, gruForward(x, weights, { ...sizes, resetAfter }));
          for (const [name, gradient] of Object.entries(expected)) {
            expectClose(found[name]!, gradient, kernelGradient, name);
          }
        },
      );
    });

    test.each([1, 3, 4, 5])("%i sequences abreast give the bits that each gives alone", (B) => {
      const sizes = { B, T: 7, I: 5, H: 12 };
      const { x, weights, h0, dh } = sample(sizes);
      const together = runCell(bench, cell, { x, weights, sizes, h0, dh });
      for (let b = 0; b < B; b++) {
        const cut = (all: Float64Array) => all.subarray((b * all.length) / B, ((b + 1) * all.length) / B);
        const one = { x: cut(x), weights, sizes: { ...sizes, B: 1 }, h0: cut(h0), dh: cut(dh) };
        const alone = runCell(bench, cell, one);
        for (const name of ["y", "gates", "dx", "dh0", "dhs"]) {
          const [all, part] = [together[name]!, alone[name]!];
          expect(part, name).toEqual(all.subarray(b * part.length, (b + 1) * part.length));
        }
      }
    });

    test("gates that saturate give finite states and gradients", () => {
      const sizes = { B: 3, T: 7, I: 3, H: 5 };
      const { x, weights, dh } = sample(sizes);
      const big = { ...weights, W: weights.W.map((w) => w * 1e6) };
      const found = runCell(bench, cell, { x, weights: big, sizes, dh });
      for (const [name, values] of Object.entries(found)) {
        expect(values.every(Number.isFinite), name).toBe(true);
      }
      expect(found.y!.every((h) => Math.abs(h) <= 1)).toBe(true);
    });

    test("an error that decays over 640 steps ends at exactly 0 and leaves no subnormal number", () => {
      const sizes = { B: 1, T: 640, I: 3, H: 5 };
      const { x, weights, dh } = sample(sizes);
      const last = dh.subarray(-sizes.H);
      const quiet = { ...weights, U: weights.U.map((u) => u / 4) };
      const found = runCell(bench, cell, { x, weights: quiet, sizes, dh: last });
      const subnormal = (value: number) => value !== 0 && Math.abs(value) < 2 ** -126;
      for (const [name, values] of Object.entries(found)) expect(values.some(subnormal), name).toBe(false);
      expect(found.dx!.subarray(-sizes.I).every((value) => value !== 0)).toBe(true);
      expect(found.dx!.subarray(0, 300 * sizes.I).every((value) => value === 0)).toBe(true);
    });

    describe("the GRU kernels compute what Keras does", () => {
      test.each(goldens(cell))("$name", (g) => {
        const sizes = { B: g.setting("B"), T: g.setting("T"), I: g.setting("I"), H: g.setting("units") };
        const weights = { W: g.tensor("w0"), U: g.tensor("w1"), b: g.tensor("w2") };
        const h0 = g.has("h0") ? g.tensor("h0") : undefined;
        const inputs = { x: g.tensor("x"), weights, sizes, h0, dh: g.tensor("dy") };
        const { y, hT, dx, dW, dU, db, dh0 } = runCell(bench, cell, inputs);
        for (const [key, found] of Object.entries({ y, hT })) {
          expectClose(found!, g.tensor(key), kerasForward, `${g.name} ${key}`);
        }
        const gradients = { dx, dw0: dW, dw1: dU, dw2: db, ...(g.has("h0") && { dh0 }) };
        for (const [key, found] of Object.entries(gradients)) {
          expectClose(found!, g.tensor(key), kerasGradient, `${g.name} ${key}`);
        }
      });
    });
  });

  test("no recurrent bias gives the bits of one of zeros", () => {
    const sizes = { B: 3, T: 7, I: 3, H: 5 };
    const { x, weights, dh } = gruSample(sizes, true);
    const run = (b: Float64Array) => runCell(bench, "gru", { x, weights: { ...weights, b }, sizes, dh });
    const b = weights.b.fill(0, 3 * sizes.H);
    expect(run(b.subarray(0, 3 * sizes.H))).toEqual(run(b));
  });
});

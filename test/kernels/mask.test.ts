import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { gruBackward, gruForward } from "../reference/gru.ts";
import { lstmBackward, lstmForward } from "../reference/lstm.ts";
import { rnnBackward, rnnForward } from "../reference/rnn.ts";
import { keepMask, stepMask } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { type Cell, runCell } from "./cell.ts";
import { RECURRENT_SHAPES, recurrentSample } from "./recurrent-sample.ts";

const { kernelForward, kernelGradient } = TOLERANCES;
const CELLS: { cell: Cell; gates: 1 | 3 | 4 }[] = [
  { cell: "lstm", gates: 4 },
  { cell: "gru", gates: 3 },
  { cell: "gruBefore", gates: 3 },
  { cell: "rnn", gates: 1 },
];

/** Outputs and every gradient by the reference. */
function expectedOf(cell: Cell, sample: ReturnType<typeof recurrentSample>, sizes: Sizes, between: Between) {
  const { x, weights, h0, c0, dh } = sample;
  if (cell === "lstm") {
    const forward = lstmForward(x, weights, sizes, { h0, c0, ...between });
    return { y: forward.h, gates: forward.gates, gradients: lstmBackward(dh, forward) };
  }
  if (cell === "rnn") {
    const forward = rnnForward(x, weights, sizes, { h0, ...between });
    return { y: forward.h, gates: undefined, gradients: rnnBackward(dh, forward) };
  }
  const forward = gruForward(x, weights, { ...sizes, resetAfter: cell === "gru" }, { h0, ...between });
  return { y: forward.h, gates: forward.gates, gradients: gruBackward(dh, forward) };
}

type Sizes = (typeof RECURRENT_SHAPES)[number];
interface Between {
  readonly mask?: Uint8Array;
  readonly m?: number[];
  readonly zone?: number[];
  readonly zoneCell?: number[];
}

/** What zoneout keeps: all, nothing, and some in part. */
const shares = (n: number, seed: number) =>
  Array.from(keepMask(n, 0.5, seed), (one, i) => (i % 3 ? one : 0.25));

/** Of a GRU that resets after, the second bias has values of its own. */
const sampleOf = (cell: Cell, gates: 1 | 3 | 4, sizes: Sizes) => {
  const sample = recurrentSample(gates, sizes);
  if (cell !== "gru") return sample;
  const { W, U, b } = sample.weights;
  return { ...sample, weights: { W, U, b: Float64Array.of(...b, ...b.map((value) => -value / 2)) } };
};

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  describe.each(CELLS)("$cell", ({ cell, gates }) => {
    describe.each([
      { with: "masked steps", masked: true, drops: false, zoned: false },
      { with: "states dropped", masked: false, drops: true, zoned: false },
      { with: "both", masked: true, drops: true, zoned: false },
      { with: "zoneout", masked: false, drops: false, zoned: true },
      { with: "all of them", masked: true, drops: true, zoned: true },
    ])("computes what the reference does, from any state, with $with", ({ masked, drops, zoned }) => {
      test.each(RECURRENT_SHAPES)("at B $B, T $T, I $I, H $H", (sizes) => {
        const { B, T, H } = sizes;
        const sample = sampleOf(cell, gates, sizes);
        const between = {
          ...(masked && { mask: stepMask(B, T) }),
          ...(zoned && {
            zone: shares(B * T * H, 10),
            ...(cell === "lstm" && { zoneCell: shares(B * T * H, 11) }),
          }),
          ...(drops && { m: Array.from(keepMask(B * H, 0.25, 9), (one) => one / 0.75) }),
        };
        const { y, gates: expectedGates, gradients } = expectedOf(cell, sample, sizes, between);
        const found = runCell(bench, cell, { ...sample, sizes, ...between });
        expectClose(found.y!, y, kernelForward, "h");
        if (expectedGates) expectClose(found.gates!, expectedGates, kernelForward, "gates");
        for (const [name, gradient] of Object.entries(gradients)) {
          if (found[name]) expectClose(found[name], gradient, kernelGradient, name);
        }
      });
    });

    test("a mask that masks nothing changes no bit", () => {
      const sizes = { B: 5, T: 7, I: 5, H: 12 };
      const sample = sampleOf(cell, gates, sizes);
      const mask = new Uint8Array(5 * 7).fill(1);
      expect(runCell(bench, cell, { ...sample, sizes, mask })).toEqual(
        runCell(bench, cell, { ...sample, sizes }),
      );
    });

    test("one row of shares is as if it stood at every step, and a share of 0 changes no bit", () => {
      const sizes = { B: 5, T: 7, I: 5, H: 12 };
      const sample = sampleOf(cell, gates, sizes);
      const run = (zone: number[], zoneCell: number[]) =>
        runCell(bench, cell, { ...sample, sizes, zone, ...(cell === "lstm" && { zoneCell }) });
      const [one, other] = [shares(12, 10), shares(12, 11)];
      const everywhere = (row: number[]) => Array.from({ length: 5 * 7 }, () => row).flat();
      expect(run(one, other)).toEqual(run(everywhere(one), everywhere(other)));
      const none = new Array<number>(12).fill(0);
      const { dhs: _, dcs: __, ...plain } = runCell(bench, cell, { ...sample, sizes });
      expect(run(none, none)).toMatchObject(plain);
    });

    test("steps that all sequences have masked, before, within and behind, are as if they were not there", () => {
      const [B, T, I, H] = [3, 7, 5, 12];
      const counts = [2, 3, 5];
      const sizes = { B, T, I, H };
      const sample = sampleOf(cell, gates, sizes);
      const mask = Uint8Array.from({ length: B * T }, (_, i) => Number(counts.includes(i % T)));
      const some = (all: Float64Array, width: number) =>
        all.filter((_, i) => counts.includes(Math.floor(i / width) % T));
      // The gradient of a masked step's output is that of the output before.
      const dh = sample.dh.map((d, i) => (counts.includes(Math.floor(i / H) % T) ? d : 0));
      const masked = runCell(bench, cell, { ...sample, dh, sizes, mask });
      const alone = runCell(bench, cell, {
        ...sample,
        x: some(sample.x, I),
        dh: some(dh, H),
        sizes: { ...sizes, T: counts.length },
      });
      for (const name of ["hT", "dW", "dU", "db", "dh0"]) expect(masked[name], name).toEqual(alone[name]);
      const dx = masked.dx!.filter((_, i) => counts.includes(Math.floor(i / I) % T));
      expect(dx).toEqual(alone.dx);
      expect(masked.dx!.filter((_, i) => !counts.includes(Math.floor(i / I) % T)).every((d) => d === 0)).toBe(
        true,
      );
    });
  });

  test.each([
    { words: [0, 0, 1, 0, 1], step: 1, leading: 2 },
    { words: [0, 0, 1, 0, 0], step: -1, leading: 2 },
    { words: [1, 0, 0, 0, 0], step: 1, leading: 0 },
    { words: [0, 0, 0, 0, 0], step: -1, leading: 5 },
  ])("leadingMasked counts $leading of $words, step $step", ({ words, step, leading }) => {
    const mask = bench.ints(words);
    expect(bench.k.leadingMasked(step < 0 ? mask + 16 : mask, step, 5)).toBe(leading);
  });

  test("clearMasked leaves zeros in masked rows, whatever they held, and the others alone", () => {
    const x = bench.floats([1, 2, Number.NaN, 4, 5, Infinity]);
    bench.k.clearMasked(x, 2, bench.ints([1, 0, 0]), 1, 3);
    expect(bench.read(x, 6)).toEqual(Float32Array.of(1, 2, 0, 0, 0, 0));
  });
});

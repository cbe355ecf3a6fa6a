import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { binaryAccuracy } from "../reference/accuracy.ts";
import { expectClose } from "../reference/closeness.ts";
import { activationForward } from "../reference/dense.ts";
import { crossentropyFromLogits, crossentropyFromProbabilities } from "../reference/loss.ts";
import { keepMask, normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 8, 9].map((units) => ({ rows, units })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  type Kernel = "bceLogits" | "bceProbabilities";
  const run = (kernel: Kernel, output: ArrayLike<number>, targets: ArrayLike<number>, units = 1) => {
    const rows = output.length / units;
    const ld = padded(units);
    const [losses, d] = [bench.floats(rows), bench.floats(Array(rows * ld).fill(-1))];
    const [ys, ts, values] = [bench.floats(pad(output, units)), bench.floats(targets), bench.floats(rows)];
    const scale = 1 / output.length;
    k[kernel](losses, d, ys, ts, rows, units, ld, scale, 0);
    k.binaryAccuracy(values, ys, ts, rows, units, ld, kernel === "bceLogits" ? 0 : 0.5);
    return {
      loss: k.sumFloats(losses, rows) / rows,
      hits: k.sumFloats(values, rows),
      gradient: unpad(bench.read(d, rows * ld), units),
    };
  };

  describe.each(SHAPES)("at $rows rows of $units units", ({ rows, units }) => {
    const n = rows * units;
    const logits = normals(n, 1, 3);
    const targets = keepMask(n, 0.5, 2);
    const probabilities = activationForward(logits, "sigmoid").map(Math.fround);

    test("bceLogits computes what the reference does", () => {
      const expected = crossentropyFromLogits(logits, targets);
      const found = run("bceLogits", logits, targets, units);
      expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss");
      expectClose(found.gradient, expected.gradient, TOLERANCES.kernelLoss, "dz");
      expect(found.hits / n).toBe(binaryAccuracy(activationForward(logits, "sigmoid"), targets));
    });

    test("bceProbabilities computes what the reference does", () => {
      const expected = crossentropyFromProbabilities(probabilities, targets);
      const found = run("bceProbabilities", probabilities, targets, units);
      expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss");
      expectClose(found.gradient, expected.gradient, TOLERANCES.kernelLoss, "dp");
      expect(found.hits / n).toBe(binaryAccuracy(probabilities, targets));
    });
  });

  describe("the loss kernels compute what Keras does", () => {
    test.each([
      { family: "crossentropy", kernel: "bceProbabilities" },
      { family: "crossentropyLogits", kernel: "bceLogits" },
    ] as const)("$family", ({ family, kernel }) => {
      const g = golden(family);
      const { loss, gradient } = run(kernel, g.tensor("prediction"), g.tensor("target"));
      expectClose([loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
      expectClose(gradient, g.tensor("dprediction"), TOLERANCES.kerasLoss, "gradient");
    });
  });

  test("the loss from logits neither overflows nor vanishes far out", () => {
    expect(run("bceLogits", [1e4], [0]).loss).toBe(1e4);
    expect(run("bceLogits", [-1e4], [1]).loss).toBe(1e4);
    expect(run("bceLogits", [1e4], [1]).loss).toBeLessThan(1e-30);
    expectClose(
      [run("bceLogits", [-20], [0]).loss],
      [Math.log1p(Math.exp(-20))],
      TOLERANCES.kernelLoss,
      "loss",
      1,
    );
  });

  test("probabilities of 0 and 1 are clipped, and pass no gradient", () => {
    const { loss, gradient } = run("bceProbabilities", [0, 1, -2, 3], [1, 0, 1, 0]);
    const expected = crossentropyFromProbabilities(Float64Array.of(0, 1, -2, 3), [1, 0, 1, 0]);
    expectClose([loss], [expected.loss], TOLERANCES.kernelLoss, "loss");
    expect([...gradient]).toEqual([0, 0, 0, 0]);
  });

  test.each(["bceLogits", "bceProbabilities"] as const)("%s of NaN is NaN", (kernel) => {
    expect(run(kernel, [Number.NaN], [1]).loss).toBeNaN();
    expect(run(kernel, [0.25, Number.NaN], [0, 1], 2).loss).toBeNaN();
  });

  test.each([Infinity, -Infinity])("bceLogits of %f is not finite", (z) => {
    for (const target of [0, 1]) expect(Number.isFinite(run("bceLogits", [z], [target]).loss)).toBe(false);
  });

  test("an output on the fence counts as class 0", () => {
    expect(run("bceLogits", [0, 0, 0], [0, 0, 1]).hits).toBe(2);
    expect(run("bceProbabilities", [0.5, 0.5, 0.5], [0, 0, 1]).hits).toBe(2);
  });

  test("without a place for the gradient only the loss is written", () => {
    const losses = bench.floats(1);
    k.bceLogits(losses, 0, bench.floats([2]), bench.floats([1]), 1, 1, 8, 1, 0);
    expect(bench.read(losses, 1)[0]).toBeCloseTo(Math.log1p(Math.exp(-2)), 6);
  });

  test("sums are taken in f64, in order", () => {
    const x = bench.floats([1, 2 ** -40, -1, 2 ** -41]);
    expect(k.sumFloats(x, 4)).toBe(2 ** -40 + 2 ** -41);
    expect(k.sumFloats(x, 0)).toBe(0);
    expect(k.sumInts(bench.ints([5, -7, 9]), 3)).toBe(7);
  });
});

import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import {
  categoricalCrossentropyLogits,
  categoricalCrossentropyProbabilities,
  oneHot,
  sparseCategoricalCrossentropyLogits,
  sparseCategoricalCrossentropyProbabilities,
} from "../reference/crossentropy.ts";
import { integers, normals } from "../reference/sample.ts";
import { softmaxForward } from "../reference/softmax.ts";
import { TOLERANCES } from "../tolerances.ts";
import { rowLossAlone, runRowLoss } from "./row-loss.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 5, 8, 9, 31].map((units) => ({ rows, units })));

const KERNELS = [
  { kernel: "categoricalCrossentropyLogits", reference: categoricalCrossentropyLogits },
  { kernel: "sparseCategoricalCrossentropyLogits", reference: sparseCategoricalCrossentropyLogits },
  { kernel: "categoricalCrossentropyProbabilities", reference: categoricalCrossentropyProbabilities },
  {
    kernel: "sparseCategoricalCrossentropyProbabilities",
    reference: sparseCategoricalCrossentropyProbabilities,
  },
] as const;
type Kernel = (typeof KERNELS)[number]["kernel"];

const isSparse = (kernel: Kernel) => kernel.startsWith("sparse");

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const run = (kernel: Kernel, outputs: ArrayLike<number>, targets: ArrayLike<number>, units: number) =>
    runRowLoss(bench, kernel, outputs, targets, units);
  /** One row whose class is `place`. */
  const row = (kernel: Kernel, outputs: number[], place: number) =>
    run(kernel, outputs, isSparse(kernel) ? [place] : oneHot([place], outputs.length), outputs.length);

  describe.each(KERNELS)("$kernel", ({ kernel, reference }) => {
    test.each(SHAPES)("computes what the reference does: $rows × $units", ({ rows, units }) => {
      const logits = normals(rows * units, 1, 3);
      const outputs = kernel.endsWith("Logits")
        ? logits
        : softmaxForward(logits, units).map((p, i) => Math.fround(p * (1 + Math.floor(i / units))));
      // Targets that do not sum to 1, so that their sum has to count.
      const targets = isSparse(kernel)
        ? Float64Array.from(integers(rows, units, 2))
        : normals(rows * units, 3).map(Math.abs);
      const expected = reference(outputs, targets, units);
      const found = run(kernel, outputs, targets, units);
      expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss", Math.max(1, expected.loss));
      expectClose(found.gradient, expected.gradient, TOLERANCES.kernelLoss, "gradient");
      expect(rowLossAlone(bench, kernel, outputs, targets, units)).toEqual(found.losses);
    });

    test("computes what Keras does", () => {
      const g = golden(kernel.replace("Probabilities", "") as "categoricalCrossentropy");
      const { loss, gradient } = run(kernel, g.tensor("prediction"), g.tensor("target"), 6);
      expectClose([loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
      expectClose(gradient, g.tensor("dprediction"), TOLERANCES.kerasLoss, "gradient");
    });

    test("of NaN is NaN, wherever it stands, in its row alone", () => {
      for (let at = 0; at < 5; at++) {
        const outputs = [0.1, 0.2, 0.3, 0.2, 0.2];
        const sound = row(kernel, outputs, 2).loss;
        outputs[at] = Number.NaN;
        expect(row(kernel, outputs, 2).loss, `NaN at ${at}`).toBeNaN();
        const targets = isSparse(kernel) ? [2, 2] : oneHot([2, 2], 5);
        const both = run(kernel, [0.1, 0.2, 0.3, 0.2, 0.2, ...outputs], targets, 5);
        expect([...both.losses]).toEqual([sound, Number.NaN]);
      }
    });

    test("of +∞ is not finite, wherever it stands", () => {
      for (let at = 0; at < 5; at++) {
        const outputs = [0.1, 0.2, 0.3, 0.2, 0.2];
        outputs[at] = Infinity;
        expect(Number.isFinite(row(kernel, outputs, 2).loss), `∞ at ${at}`).toBe(false);
      }
    });

    test("gives equal bits for a row, whatever rows are beside it", () => {
      const outputs = softmaxForward(normals(7 * 9, 4), 9);
      const classes = integers(7, 9, 5);
      const targets = (r: number, end: number) =>
        isSparse(kernel) ? classes.subarray(r, end) : oneHot(classes.subarray(r, end), 9);
      const together = run(kernel, outputs, targets(0, 7), 9);
      for (let r = 0; r < 7; r++) {
        const alone = run(kernel, outputs.subarray(r * 9, r * 9 + 9), targets(r, r + 1), 9);
        expect(alone.losses[0]).toBe(together.losses[r]);
      }
    });
  });

  test("a class alike in both forms gives the same loss and, from logits, the same gradient", () => {
    const logits = normals(5 * 9, 6, 3);
    const classes = integers(5, 9, 7);
    const sparse = run("sparseCategoricalCrossentropyLogits", logits, classes, 9);
    const dense = run("categoricalCrossentropyLogits", logits, oneHot(classes, 9), 9);
    expect(sparse.losses).toEqual(dense.losses);
    expectClose(sparse.gradient, dense.gradient, TOLERANCES.kernelLoss, "gradient");
  });

  test.each(["categoricalCrossentropyLogits", "sparseCategoricalCrossentropyLogits"] as const)(
    "%s neither overflows nor vanishes far out",
    (kernel) => {
      expect(row(kernel, [1e4, 0], 1).loss).toBe(1e4);
      expect([...row(kernel, [1e4, 0], 1).gradient]).toEqual([1, -1]);
      expect(row(kernel, [-1e4, 0], 1).loss).toBe(0);
      expect([...row(kernel, [-1e4, 0], 1).gradient]).toEqual([0, 0]);
      expect(row(kernel, [3e38, -3e38], 0).loss).toBe(0);
      // Logits of size 1e4 keep the digits of their differences.
      const shifted = row(kernel, [10_000, 10_001, 9_999.5], 0).loss;
      expectClose([shifted], [row(kernel, [0, 1, -0.5], 0).loss], TOLERANCES.kernelLoss, "loss");
      const slight = Math.log1p(Math.exp(-10));
      expectClose([row(kernel, [10, 0], 0).loss], [slight], TOLERANCES.kernelLoss, "loss", 1);
    },
  );

  test("a class with a logit of -∞ is passed by, but where it is the target's", () => {
    const found = row("sparseCategoricalCrossentropyLogits", [-Infinity, 1, 2], 1);
    expectClose([found.loss], [Math.log1p(Math.E)], TOLERANCES.kernelLoss, "loss");
    expect(found.gradient[0]).toBe(0);
    expect(row("sparseCategoricalCrossentropyLogits", [-Infinity, 1, 2], 0).loss).toBe(Infinity);
    expect(row("sparseCategoricalCrossentropyLogits", [-Infinity, -Infinity], 0).loss).toBeNaN();
  });

  test("a row of targets that are all 0 has neither loss nor gradient", () => {
    for (const kernel of ["categoricalCrossentropyLogits", "categoricalCrossentropyProbabilities"] as const) {
      const { loss, gradient } = run(kernel, [0.25, 0.75], [0, 0], 2);
      expect(Math.abs(loss)).toBe(0);
      expect([...gradient].map(Math.abs)).toEqual([0, 0]);
      expect(run(kernel, [0.25, Number.NaN], [0, 0], 2).loss).toBeNaN();
    }
  });

  test("probabilities at the limits are clipped and pass no gradient", () => {
    const categorical = row("categoricalCrossentropyProbabilities", [0, 2, 6], 0);
    expectClose([categorical.loss], [-Math.log(1e-7)], TOLERANCES.kernelLoss, "loss");
    expect([...categorical.gradient].map(Math.abs)).toEqual([0, 0, 0]);
    const sparse = row("sparseCategoricalCrossentropyProbabilities", [0, 0.5, 1], 0);
    expectClose([sparse.loss], [Math.log(1.5 / 1e-7)], TOLERANCES.kernelLoss, "loss");
    expectClose(sparse.gradient, [0, 1 / 1.5, 0], TOLERANCES.kernelLoss, "gradient");
  });

  test("categorical probabilities that sum to 0 make a loss of NaN, as in Keras", () => {
    expect(row("categoricalCrossentropyProbabilities", [0, 0, 0], 1).loss).toBeNaN();
  });

  test.each(["sparseCategoricalCrossentropyLogits", "sparseCategoricalCrossentropyProbabilities"] as const)(
    "%s of a class that is not there is NaN",
    (kernel) => {
      for (const place of [-1, -0.5, 3, 8, 1e9, Number.NaN, Infinity, -Infinity]) {
        expect(row(kernel, [0.2, 0.3, 0.5], place).loss, `class ${place}`).toBeNaN();
      }
    },
  );

  test("the sum over 50 000 equal classes is exact", () => {
    const n = 50_000;
    const { loss, gradient } = row("sparseCategoricalCrossentropyLogits", Array(n).fill(0.5), 7);
    expectClose([loss], [Math.log(n)], TOLERANCES.kernelLoss, "loss");
    expect(gradient[0]).toBe(Math.fround(1 / n));
  });
});

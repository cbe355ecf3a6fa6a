import { afterEach, describe, expect, test } from "vitest";
import { type Bench, openBenches } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { normals } from "../reference/sample.ts";
import { type SgdOptions, sgdStep } from "../reference/sgd.ts";
import { TOLERANCES } from "../tolerances.ts";

/** SGD on one tensor, whose length is rounded up to 8. */
function sgdOf(bench: Bench, initial: ArrayLike<number>, options: SgdOptions) {
  const { learningRate, momentum = 0, nesterov = false } = options;
  const n = Math.ceil(initial.length / 8) * 8;
  const [w, m, g] = [bench.floats(n), momentum > 0 ? bench.floats(n) : 0, bench.floats(n)];
  bench.memory.f32(w, n).set(initial);
  return (gradient: ArrayLike<number>) => {
    bench.memory.f32(g, n).set(gradient);
    bench.k.sgd(w, m, g, n, learningRate, momentum, nesterov ? 1 : 0, 0);
    return bench.read(w, initial.length);
  };
}

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  test.each(goldens("sgd"))("sgd takes the steps that Keras takes: $name", (g) => {
    const learningRate = g.setting("learning_rate");
    const momentum = g.name === "optimizer_sgd" ? 0 : g.setting("momentum");
    const nesterov = g.name.endsWith("nesterov");
    const step = sgdOf(bench, g.tensor("w0"), { learningRate, momentum, nesterov });
    const size = g.tensor("w0").length;
    for (let s = 0; s < g.tensor("steps").length / size; s++) {
      const slice = (key: string) => g.tensor(key).subarray(s * size, (s + 1) * size);
      expectClose(step(slice("grads")), slice("steps"), TOLERANCES.kerasSgd, `step ${s + 1}`, learningRate);
    }
  });

  test.each([
    { learningRate: 0.01 },
    { learningRate: 0.01, momentum: 0.9 },
    { learningRate: 0.01, momentum: 0.9, nesterov: true },
    { learningRate: 0.01, momentum: 1 },
  ])("sgd takes the reference's steps with %o", (options) => {
    const w = normals(23, 1, 0.4);
    const m = new Float64Array(23);
    const step = sgdOf(bench, w, options);
    for (let t = 1; t <= 20; t++) {
      const gradient = normals(23, 10 + t);
      sgdStep(w, m, gradient, options);
      expectClose(step(gradient), w, TOLERANCES.kernelSgd, `step ${t}`, options.learningRate);
    }
  });

  test("sgd leaves a weight of 0 whose gradient is 0 exactly 0", () => {
    for (const momentum of [0, 0.9]) {
      const step = sgdOf(bench, [0, 0, 0, 0], { learningRate: 0.1, momentum, nesterov: true });
      for (let t = 1; t <= 3; t++) expect([...step([0, -0, 0, 0])]).toEqual([0, 0, 0, 0]);
    }
  });

  test("a gradient below 2⁻⁵⁸ counts as 0, whatever the learning rate", () => {
    const step = sgdOf(bench, [0, 0, 0, 0], { learningRate: 2 ** 40 });
    expect([...step([2 ** -59, -(2 ** -59), 2 ** -58, 1e-45])]).toEqual([0, 0, -(2 ** -18), 0]);
  });

  test("a row that is read no more moves on by its momentum, as in Keras", () => {
    const step = sgdOf(bench, [0], { learningRate: 1, momentum: 0.5 });
    expect([step([-1]), step([0]), step([0])].map(([w]) => w)).toEqual([1, 1.5, 1.75]);
  });

  test("the gradient is left zero where that is asked for, and as it is where not", () => {
    const [w, m, g] = [bench.floats(8), bench.floats(8), bench.floats([1, 2, 3, 4, 0, 0, 0, 0])];
    for (const momentum of [m, 0]) {
      k.sgd(w, momentum, g, 8, 1, 0.5, 0, 0);
      expect([...bench.read(g, 4)]).toEqual([1, 2, 3, 4]);
    }
    expect([...bench.read(w, 4)]).toEqual([-2, -4, -6, -8]);
    k.sgd(w, m, g, 8, 1, 0.5, 0, 1);
    expect([...bench.read(w, 4)]).toEqual([-3.5, -7, -10.5, -14]);
    expect([...bench.read(g, 4)]).toEqual([0, 0, 0, 0]);
  });

  test("momentum ends at exactly 0, not as subnormal numbers", () => {
    const [w, m] = [bench.floats(8), bench.floats(8)];
    const g = bench.floats([1, 1e-14, 1e-18, Number.NaN, 0, 0, 0, 0]); // the third is too small to count
    const lasted = [0, 0, 0];
    let smallest = Number.POSITIVE_INFINITY;
    for (let t = 1; t <= 1000; t++) {
      k.sgd(w, m, g, 8, 1, 0.9, 1, 1);
      bench.read(m, 3).forEach((moment, i) => {
        if (moment === 0) return;
        lasted[i] = t;
        smallest = Math.min(smallest, Math.abs(moment));
      });
    }
    expect(smallest).toBeGreaterThanOrEqual(2 ** -58);
    // By logarithms: from g, times 0.9 a step, to 2⁻⁵⁸.
    expect(lasted).toEqual([expect.closeTo(382, -1), expect.closeTo(76, -1), 0]);
    expect(bench.read(m, 4)[3]).toBeNaN();
    expect(bench.read(w, 4)[3]).toBeNaN();
  });
});

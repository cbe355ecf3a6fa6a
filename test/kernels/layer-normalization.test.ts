import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import {
  type LayerNormWeights,
  layerNormBackward,
  layerNormForward,
} from "../reference/layer-normalization.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const { kernelForward, kernelGradient, kerasForward, kerasGradient } = TOLERANCES;

const SHAPES = [1, 2, 7].flatMap((rows) => [1, 3, 4, 5, 8, 13, 100].map((n) => ({ rows, n })));
const WEIGHTS = [
  { gamma: true, beta: true },
  { gamma: true, beta: false },
  { gamma: false, beta: true },
  { gamma: false, beta: false },
];

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  interface Inputs {
    readonly x: Float64Array;
    readonly dy: Float64Array;
    readonly weights: LayerNormWeights;
    readonly n: number;
    readonly epsilon?: number;
    /** Floats between rows beyond their width, which hold NaN, as the padding of x and dy does. */
    readonly gap?: number;
  }

  /** The rows of a matrix at a stride, with NaN between and behind them. */
  const spread = (values: Float64Array, n: number, ld: number) => {
    const rows = values.length / n;
    const all = new Float32Array(rows * ld).fill(Number.NaN);
    for (let r = 0; r < rows; r++) all.set(values.subarray(r * n, (r + 1) * n), r * ld);
    return bench.floats(all);
  };

  /** Forward and back, `calls` rows at a time; dgamma and dbeta add to ones. */
  const run = ({ x, dy, weights, n, epsilon = 1e-3, gap = 0 }: Inputs, atOnce = x.length / n) => {
    const rows = x.length / n;
    const N = padded(n);
    const [ldx, ldy] = [N + gap, N + 2 * gap];
    const weight = (w: Float64Array | undefined) => (w ? bench.floats(pad(w, n)) : 0);
    const [gamma, beta] = [weight(weights.gamma), weight(weights.beta)];
    const [xs, dys] = [spread(x, n, ldx), spread(dy, n, ldy)];
    const [y, dx] = [spread(new Float64Array(x.length), n, ldy), spread(new Float64Array(x.length), n, ldx)];
    const [xhat, inverse] = [bench.floats(rows * N), bench.floats(rows)];
    const ones = () => bench.floats(pad(new Float64Array(n).fill(1), n));
    const [dgamma, dbeta] = [weights.gamma ? ones() : 0, weights.beta ? ones() : 0];
    for (let r = 0; r < rows; r += atOnce) {
      const count = Math.min(atOnce, rows - r);
      const at = (address: number, ld: number) => address + r * ld * 4;
      const hats = at(xhat, N);
      const s = at(inverse, 1);
      k.layerNormForward(at(y, ldy), ldy, hats, s, at(xs, ldx), ldx, gamma, beta, count, n, 1, epsilon);
      k.layerNormBackward(at(dx, ldx), ldx, dgamma, dbeta, at(dys, ldy), ldy, hats, s, gamma, count, n, 1);
    }
    const gathered = (address: number, ld: number) => {
      const all = bench.read(address, rows * ld);
      expect(all.every((value, i) => i % ld < N || Number.isNaN(value))).toBe(true);
      return unpad(
        all.filter((_, i) => i % ld < N),
        n,
      );
    };
    return {
      y: gathered(y, ldy),
      xhat: unpad(bench.read(xhat, rows * N), n),
      inverse: bench.read(inverse, rows),
      dx: gathered(dx, ldx),
      ...(dgamma && { dgamma: unpad(bench.read(dgamma, N), n).map((d) => d - 1) }),
      ...(dbeta && { dbeta: unpad(bench.read(dbeta, N), n).map((d) => d - 1) }),
    };
  };

  const sample = (rows: number, n: number, has = { gamma: true, beta: true }, offset = 0) => ({
    x: normals(rows * n, 1, 2).map((value) => value + offset),
    dy: normals(rows * n, 2),
    weights: {
      ...(has.gamma && { gamma: normals(n, 3) }),
      ...(has.beta && { beta: normals(n, 4) }),
    },
    n,
  });

  const expectReference = (inputs: Inputs) => {
    const { x, dy, weights, n, epsilon } = inputs;
    const forward = layerNormForward(x, weights, n, epsilon);
    const found = run(inputs);
    for (const name of ["y", "xhat", "inverse"] as const) {
      expectClose(found[name], forward[name], kernelForward, name);
    }
    const { dx, dgamma, dbeta } = layerNormBackward(dy, forward);
    const gradients = { dx, ...(weights.gamma && { dgamma }), ...(weights.beta && { dbeta }) };
    for (const [name, gradient] of Object.entries(gradients)) {
      // What dx̂ and s are of the size of; dx itself is 0 but for rounding where n is 1 or 2.
      const scale = name === "dx" ? Math.max(...dy.map(Math.abs)) * Math.max(...forward.inverse) : undefined;
      expectClose(found[name as keyof typeof found]!, gradient, kernelGradient, name, scale);
    }
  };

  describe.each(WEIGHTS)(
    "with gamma $gamma, beta $beta, the kernels compute what the reference does",
    (has) => {
      test.each(SHAPES)("in $rows rows of $n", ({ rows, n }) => {
        expectReference(sample(rows, n, has));
        expectReference({ ...sample(rows, n, has), gap: 3, epsilon: 1e-5 });
      });
    },
  );

  test("a mean of 1000 deviations costs no digits", () => {
    const inputs = sample(3, 100, { gamma: true, beta: true }, 2000);
    expectReference({ ...inputs, x: inputs.x.map(Math.fround) });
  });

  test("a row of equal numbers gives beta", () => {
    const { weights, dy } = sample(1, 5);
    const found = run({ x: new Float64Array(5).fill(0.1), dy, weights, n: 5 });
    expect(found.y).toEqual(Float32Array.from(weights.beta!));
  });

  test.each([1, 2, 3])("%i rows a call give the bits of all in one", (atOnce) => {
    const inputs = sample(7, 13);
    expect(run(inputs, atOnce)).toEqual(run(inputs));
  });

  test("y may be x, and dx may be dy", () => {
    const { x, dy, weights, n } = sample(3, 5);
    const apart = run({ x, dy, weights, n });
    const [xs, dys] = [bench.floats(pad(x, n)), bench.floats(pad(dy, n))];
    const [gamma, beta] = [bench.floats(pad(weights.gamma!, n)), bench.floats(pad(weights.beta!, n))];
    const [xhat, inverse] = [bench.floats(24), bench.floats(3)];
    k.layerNormForward(xs, 8, xhat, inverse, xs, 8, gamma, beta, 3, n, 1, 1e-3);
    k.layerNormBackward(dys, 8, 0, 0, dys, 8, xhat, inverse, gamma, 3, n, 1);
    expect(unpad(bench.read(xs, 24), n)).toEqual(apart.y);
    expect(unpad(bench.read(dys, 24), n)).toEqual(apart.dx);
  });

  describe("the layer normalization kernels compute what Keras does", () => {
    test.each(goldens("layerNormalization"))("$name", (g) => {
      const weights = {
        ...(g.has("gamma") && { gamma: g.tensor("gamma") }),
        ...(g.has("beta") && { beta: g.tensor("beta") }),
      };
      const [n, epsilon] = [g.setting("N"), g.setting("epsilon")];
      const { y, dx, dgamma, dbeta } = run({ x: g.tensor("x"), dy: g.tensor("dy"), weights, n, epsilon });
      expectClose(y, g.tensor("y"), kerasForward, "y");
      for (const [key, found] of Object.entries({ dx, dgamma, dbeta })) {
        if (found) expectClose(found, g.tensor(key), kerasGradient, key);
      }
    });
  });
});

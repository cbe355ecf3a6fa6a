import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { activationBackward, activationForward } from "../reference/dense.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const ACTIVATIONS = (["linear", "sigmoid", "tanh", "relu", "hardSigmoid"] as const).map((name, code) => ({
  name,
  code,
}));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  describe.each(ACTIVATIONS)("$name", ({ name, code }) => {
    const logits = normals(56, 1, 3);
    const y = activationForward(logits, name);
    const dy = normals(56, 2);

    test("activationForward computes what the reference does", () => {
      const at = bench.floats(logits);
      k.activationForward(at, 56, code);
      expectClose(bench.read(at, 56), y, TOLERANCES.kernelForward, "y");
    });

    test("activationBackward computes what the reference does", () => {
      const at = bench.floats(dy);
      k.activationBackward(at, bench.floats(y), 56, code);
      expectClose(bench.read(at, 56), activationBackward(dy, y, name), TOLERANCES.kernelForward, "dz");
    });

    test("NaN comes out as NaN", () => {
      const at = bench.floats(Array(8).fill(Number.NaN));
      k.activationForward(at, 8, code);
      expect([...bench.read(at, 8)]).toEqual(Array(8).fill(Number.NaN));
    });
  });

  test("hardSigmoid computes what Keras does", () => {
    const g = golden("hardSigmoid");
    const [x, dy] = [g.tensor("x"), g.tensor("dy")];
    const n = Math.ceil(x.length / 8) * 8;
    const [y, dx] = [bench.floats(n), bench.floats(n)];
    bench.memory.f32(y, n).set(x);
    bench.memory.f32(dx, n).set(dy);
    k.activationForward(y, n, 4);
    k.activationBackward(dx, y, n, 4);
    expectClose(bench.read(y, x.length), g.tensor("y"), TOLERANCES.kerasForward, "y");
    expectClose(bench.read(dx, x.length), g.tensor("dx"), TOLERANCES.kerasGradient, "dx");
  });

  test("hardSigmoid ends at -3 and 3, with gradient 0 there and beyond", () => {
    const [y, dy] = [
      bench.floats([-Infinity, -3, 3, Infinity, -3.5, 4, -3, 3]),
      bench.floats(new Float32Array(8).fill(6)),
    ];
    k.activationForward(y, 8, 4);
    expect([...bench.read(y, 8)]).toEqual([0, 0, 1, 1, 0, 1, 0, 1]);
    k.activationBackward(dy, y, 8, 4);
    expect([...bench.read(dy, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    bench.memory.f32(dy, 8).fill(6);
    k.activationBackward(dy, bench.floats([0.5, 1e-7, 0.9999999, 0, 1, 0.25, 0, 0.75]), 8, 4);
    expect([...bench.read(dy, 8)]).toEqual([1, 1, 1, 0, 0, 1, 0, 1]);
  });

  test("relu passes no gradient at 0", () => {
    const at = bench.floats([1, 2, 3, 4, 5, 6, 7, 8]);
    k.activationBackward(at, bench.floats([0, -0, 1e-45, 5, 0, 0, 0, 0.5]), 8, 3);
    expect([...bench.read(at, 8)]).toEqual([0, 0, 3, 4, 0, 0, 0, 8]);
  });
});

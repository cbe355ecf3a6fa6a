import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { activationBackward, activationForward } from "../reference/dense.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const ACTIVATIONS = (["linear", "sigmoid", "tanh", "relu"] as const).map((name, code) => ({ name, code }));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  describe.each(ACTIVATIONS)("$name", ({ name, code }) => {
    const logits = normals(52, 1, 3);
    const y = activationForward(logits, name);
    const dy = normals(52, 2);

    test("activationForward computes what the reference does", () => {
      const at = bench.floats(logits);
      k.activationForward(at, 52, code);
      expectClose(bench.read(at, 52), y, TOLERANCES.kernelForward, "y");
    });

    test("activationBackward computes what the reference does", () => {
      const at = bench.floats(dy);
      k.activationBackward(at, bench.floats(y), 52, code);
      expectClose(bench.read(at, 52), activationBackward(dy, y, name), TOLERANCES.kernelForward, "dz");
    });

    test("NaN comes out as NaN", () => {
      const at = bench.floats(Array(4).fill(Number.NaN));
      k.activationForward(at, 4, code);
      expect([...bench.read(at, 4)]).toEqual(Array(4).fill(Number.NaN));
    });
  });

  test("relu passes no gradient at 0", () => {
    const at = bench.floats([1, 2, 3, 4]);
    k.activationBackward(at, bench.floats([0, -0, 1e-45, 5]), 4, 3);
    expect([...bench.read(at, 4)]).toEqual([0, 0, 3, 4]);
  });
});

/** A step's bound is one: where it promises that no weight gets to float32's end, none does. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { OPTIMIZERS } from "../../src/optimizers/index.ts";
import type { OptimizerKind, OptimizerNow } from "../../src/optimizers/kind.ts";
import { openBenches } from "../builds.ts";

const SAFE = 1e38;

const powerOfTen = (least: number, most: number) =>
  fc.double({ min: least, max: most, noNaN: true }).map((exponent) => Math.fround(10 ** exponent));
const decay = fc.oneof(
  fc.constantFrom(0, 0.9, 0.999, 1 - 2 ** -40),
  fc.double({ min: 0, max: 0.9999999, noNaN: true }),
);
const adamOptions = {
  learningRate: powerOfTen(-38, 38.5),
  epsilon: powerOfTen(-38, 20),
  beta1: decay,
  beta2: decay,
};
const OPTIONS: Record<keyof typeof OPTIMIZERS, fc.Arbitrary<OptimizerNow>> = {
  adam: fc.record({ name: fc.constant("adam"), ...adamOptions, amsgrad: fc.boolean() }),
  adamw: fc.record({ name: fc.constant("adamw"), ...adamOptions, amsgrad: fc.boolean() }),
  nadam: fc.record({ name: fc.constant("nadam"), ...adamOptions }),
  rmsprop: fc.record({
    name: fc.constant("rmsprop"),
    learningRate: powerOfTen(-38, 38.5),
    rho: decay,
    momentum: fc.oneof(decay, fc.constant(1)),
    epsilon: powerOfTen(-38, 20),
    centered: fc.boolean(),
  }),
  adagrad: fc.record({
    name: fc.constant("adagrad"),
    learningRate: powerOfTen(-38, 38.5),
    initialAccumulatorValue: fc.oneof(fc.constant(0), powerOfTen(-38, 38.5)),
    epsilon: powerOfTen(-38, 38.5),
  }),
  lion: fc.record({
    name: fc.constant("lion"),
    learningRate: powerOfTen(-38, 38.5),
    beta1: decay,
    beta2: decay,
  }),
  sgd: fc.record({
    name: fc.constant("sgd"),
    learningRate: powerOfTen(-38, 38.5),
    momentum: fc.oneof(decay, fc.constant(1)),
    nesterov: fc.boolean(),
  }),
};
/** Kernels of optimisers work on eight numbers abreast. */
const N = 8;
const shares = fc.array(
  fc.array(fc.constantFrom(-1, -0.5, 0, 1e-9, 0.5, 1), { minLength: N, maxLength: N }),
  { minLength: 1, maxLength: 6 },
);

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  test.each(Object.keys(OPTIONS) as (keyof typeof OPTIONS)[])(
    "%s keeps weights finite within its bound",
    (name) => {
      const kind = OPTIMIZERS[name] as unknown as OptimizerKind;
      let promised = 0;
      const property = fc.property(OPTIONS[name], powerOfTen(-38, 38.5), shares, (optimizer, peak, steps) => {
        const [w, g, squares, ...slots] = Array.from({ length: 6 }, () => bench.floats(N)) as [
          number,
          number,
          number,
          ...number[],
        ];
        const own = slots.slice(0, kind.slots(optimizer).length);
        bench.memory.f32(w, N).set([1, -1, 0, 1e-20, 0.5, -1e-30, -0.25, 1]);
        let reach = 1;
        for (const [i, parts] of steps.entries()) {
          const iteration = i + 1;
          reach += kind.reach(optimizer, peak, iteration);
          if (!(reach < SAFE)) break;
          promised++;
          bench.memory.f32(g, N).set(parts.map((part) => part * peak));
          bench.memory.f32(squares, N).set(parts.map((part) => (part * peak) ** 2));
          const places = kind.squaresPlaces(optimizer) && i % 2 === 1;
          const at = { w, g, squares: places ? squares : 0, slots: own, n: N, clears: places, iteration };
          kind.update(bench.k, optimizer, at);
          for (const address of [w, ...own]) {
            expect(bench.read(address, N).every(Number.isFinite)).toBe(true);
          }
        }
        bench.finish();
      });
      fc.assert(property, { numRuns: 2000, seed: 7 });
      expect(promised).toBeGreaterThan(500);
    },
  );
});

import { describe, expect, test } from "vitest";
import { RandomState } from "../../src/data/random-state.ts";
import { codedError } from "./coded-error.ts";

// Values of numpy 2.4.6: r = numpy.random.RandomState(seed); r.shuffle(a), then a second array.
describe("RandomState shuffles as numpy's", () => {
  test.each([
    [113, [9, 3, 6, 1, 0, 7, 4, 8, 2, 5], [6, 9, 5, 0, 1, 4, 8, 3, 7, 2]],
    [0, [6, 2, 1, 3, 0, 5, 4], [1, 0, 6, 3, 4, 2, 5]],
    [4294967295, [11, 8, 5, 9, 1, 10, 6, 0, 4, 7, 2, 3], [2, 0, 3, 4, 1, 5, 9, 8, 7, 6, 10, 11]],
  ])("seed %i", (seed, first, second) => {
    const random = new RandomState(seed);
    expect([...random.permutation(first.length)]).toEqual(first);
    expect([...random.permutation(second.length)]).toEqual(second);
  });

  test("over more draws than its state holds", () => {
    const order = [...new RandomState(113).permutation(1000)];
    expect(order.slice(0, 8)).toEqual([641, 987, 187, 779, 848, 237, 582, 883]);
    expect(order.slice(-8)).toEqual([791, 662, 770, 876, 586, 162, 732, 165]);
    expect(order.reduce((sum, value, i) => sum + value * i, 0)).toBe(251673380);
  });
});

test("the first number for seed 5489 is that of the published generator", () => {
  expect(new RandomState(5489).nextUint32()).toBe(3499211612);
});

test("interval covers both ends, also of the whole range", () => {
  const random = new RandomState(1);
  const drawn = new Set(Array.from({ length: 200 }, () => random.interval(4)));
  expect([...drawn].sort()).toEqual([0, 1, 2, 3, 4]);
  expect(random.interval(0)).toBe(0);
  expect(random.interval(0xffffffff)).toBeGreaterThanOrEqual(0);
});

test("shuffle leaves arrays of no or one element as they are", () => {
  expect([...new RandomState(1).permutation(0)]).toEqual([]);
  expect([...new RandomState(1).permutation(1)]).toEqual([0]);
});

test("a seed that numpy would refuse is refused", () => {
  for (const seed of [-1, 2 ** 32, 0.5, Number.NaN]) {
    expect(() => new RandomState(seed)).toThrow(codedError("BAD_ARGUMENT", /seed is/));
  }
});

test("numbers that it would draw for ever with are refused, and so is what cannot be shuffled", () => {
  const random = new RandomState(0);
  for (const none of [undefined, null, "5", -1, 1.5, Number.NaN, Infinity, 2 ** 32, 5n, Symbol("s"), [3]]) {
    const value = none as unknown as number;
    const refused = (name: string) =>
      codedError("BAD_ARGUMENT", new RegExp(`${name} is .*; wanted a whole number`));
    expect(() => new RandomState(value)).toThrow(refused("seed"));
    expect(() => random.interval(value)).toThrow(refused("max"));
    expect(() => random.permutation(value)).toThrow(refused("length"));
  }
  for (const none of [undefined, null, 5, "abc"]) {
    expect(() => random.shuffle(none as unknown as Int32Array)).toThrow(
      codedError("BAD_ARGUMENT", /the values are/),
    );
  }
});

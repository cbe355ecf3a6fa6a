import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SplitOptions, splitTexts } from "../../src/data/split.ts";
import { codedError } from "./coded-error.ts";

const DEFAULT: SplitOptions = { testSplit: 0.2, seed: 113, stratify: true };

const split = (texts: readonly string[], labels: readonly number[], options: Partial<SplitOptions> = {}) =>
  splitTexts(
    texts.map((text) => [text]),
    labels,
    { ...DEFAULT, ...options },
  );

/** Texts of some length, with labels: `{ a: [0, 0, 1] }` is the text a three times. */
function texts(of: Readonly<Record<string, readonly number[]>>) {
  const rows = Object.entries(of).flatMap(([text, labels]) => labels.map((label) => ({ text, label })));
  return [rows.map(({ text }) => text), rows.map(({ label }) => label)] as const;
}

const count = (part: readonly number[], labels: readonly number[]) =>
  [0, 1].map((label) => part.filter((i) => labels[i] === label).length);

/** What the code before there was stratify gave for seed 113, testSplit 0.2, and for seed 5, testSplit 0.4. */
const FORMER = [
  { train: [9, 1, 2, 13, 0, 12, 8, 11, 3, 7, 6], test: [5, 4, 10] },
  { train: [9, 1, 2, 13, 0, 11, 8, 4], test: [6, 10, 3, 7, 12, 5] },
];

describe("splitTexts", () => {
  test("gives each class its share", () => {
    const labels = Array.from({ length: 200 }, (_, i) => (i % 25 === 0 ? 1 : 0));
    const { train, test: held } = split(
      labels.map((_, i) => `text ${i}`),
      labels,
    );
    expect(count(train, labels)).toEqual([154, 6]);
    expect(count(held, labels)).toEqual([38, 2]);
  });

  test("shares a rest between classes, so that the sum is near, too", () => {
    const labels = Array.from({ length: 10 }, (_, i) => i % 2);
    const { test: held } = split(
      labels.map((_, i) => `text ${i}`),
      labels,
      { testSplit: 0.3 },
    );
    expect(held).toHaveLength(3);
  });

  test("keeps its rows for a seed, and changes them with it", () => {
    const labels = Array.from({ length: 40 }, (_, i) => i % 2);
    const names = labels.map((_, i) => `text ${i}`);
    expect(split(names, labels)).toEqual(split(names, labels));
    expect(split(names, labels).test).not.toEqual(split(names, labels, { seed: 1 }).test);
    // A change of these is a change of results.
    expect(split(names, labels).test).toEqual([13, 39, 38, 30, 8, 18, 9, 21]);
    expect(split(names, labels).train.slice(0, 8)).toEqual([16, 36, 1, 0, 19, 29, 25, 27]);
  });

  test.for<[string, Record<string, number[]>, number, number]>([
    [
      "sums of others where one group overshoots",
      { a: Array(4).fill(0), b: Array(4).fill(0), c: [0, 0, 0], d: [0, 0, 0] },
      0.43,
      6,
    ],
    ["more than its share where that is nearer", { a: [0, 0, 0, 0, 0], b: [0, 0, 0, 0, 0] }, 0.3, 5],
    ["less where that is nearer", { a: [0, 0, 0, 0], b: Array(20).fill(0), c: Array(20).fill(0) }, 0.2, 4],
    ["a text of two, whatever their sizes", { a: [0], b: Array(30).fill(0) }, 0.9, 30],
  ])("takes whole groups of equal texts: %s", ([, of, testSplit, wanted]) => {
    const [names, labels] = texts({ ...of, x: [1], y: [1] });
    for (let seed = 0; seed < 20; seed++) {
      const { train, test: held } = split(names, labels, { testSplit, seed });
      expect(count(held, labels)).toEqual([wanted, 1]);
      expect(train.some((i) => held.some((j) => names[i] === names[j]))).toBe(false);
    }
  });

  test("leaves a class of one text in training", () => {
    const [names, labels] = texts({ a: [0], b: [0], c: [0], d: [0], e: [0], x: [1, 1, 1] });
    for (let seed = 0; seed < 20; seed++) {
      const { train, test: held } = split(names, labels, { seed, testSplit: 0.4 });
      expect(count(train, labels)).toEqual([3, 3]);
      expect(count(held, labels)).toEqual([2, 0]);
    }
  });

  test("has a class with two different texts in both parts, even where texts were given both labels", () => {
    const rows = fc.array(
      fc.record({ text: fc.constantFrom(..."abcdefg"), label: fc.constantFrom(0, 0, 0, 1) }),
      {
        minLength: 2,
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(
        rows,
        fc.nat(1000),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (given, seed, testSplit) => {
          const [names, labels] = [given.map(({ text }) => text), given.map(({ label }) => label)];
          const kinds = [0, 1].map((own) => new Set(names.filter((_, i) => labels[i] === own)).size);
          fc.pre(Math.max(...kinds) >= 2);
          const { train, test: held } = split(names, labels, { seed, testSplit });
          expect([...train, ...held].sort((a, b) => a - b)).toEqual(names.map((_, i) => i));
          expect(train.some((i) => held.some((j) => names[i] === names[j]))).toBe(false);
          for (const [label, different] of kinds.entries()) {
            expect(count(train, labels)[label]! > 0).toBe(different >= 1);
            if (different >= 2) expect(count(held, labels)[label]).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("comes as near to each share as groups allow", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(
        sizes,
        fc.nat(1000),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (given, seed, testSplit) => {
          const own = Object.fromEntries(given.map((size, i) => [`t${i}`, Array<number>(size).fill(0)]));
          const [names, labels] = texts({ ...own, x: [1], y: [1] });
          const total = given.reduce((sum, size) => sum + size, 0);
          const sums = given.reduce((found, size) => found.concat(found.map((sum) => sum + size)), [0]);
          const possible = sums.filter((sum) => sum > 0 && sum < total);
          const wanted = Math.min(Math.max(1, Math.round(total * testSplit)), total - 1);
          const best = Math.min(...possible.map((sum) => Math.abs(sum - wanted)));
          const [found] = count(split(names, labels, { seed, testSplit }).test, labels);
          expect(Math.abs(found! - wanted)).toBe(best);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("without stratify is what it was, and may leave a class out", () => {
    const names = ["ab", "a b", "A b!", "c", "d", "e", "f", "C.", "g", "h", "i", "j", "k", "a, B"];
    const words = names.map((name) => name.toLowerCase().match(/\w+/g)!);
    const labels = names.map((_, i) => (i < 3 ? 1 : 0));
    const former = (seed: number, testSplit: number) =>
      splitTexts(words, labels, { seed, testSplit, stratify: false });
    expect(former(113, 0.2)).toEqual(FORMER[0]);
    expect(former(5, 0.4)).toEqual(FORMER[1]);
    expect(count(former(113, 0.2).test, labels)).toEqual([3, 0]);
    expect(count(splitTexts(words, labels, { ...DEFAULT }).test, labels)[1]).toBeGreaterThan(0);
  });

  test("refuses texts of which no class has two", () => {
    const [names, labels] = texts({ a: [0, 0], b: [1, 1] });
    expect(() => split(names, labels)).toThrow(codedError("BAD_DATASET", /4 texts, 2 of them different/));
    expect(split(names, labels, { stratify: false, testSplit: 0.5 }).test).toHaveLength(2);
  });

  test("takes time for many groups of many sizes that is near linear in the texts", () => {
    const of = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`t${i}`, Array<number>(2 + i).fill(i % 2)]),
    );
    const [names, labels] = texts(of);
    const { test: held } = split(names, labels);
    for (const [label, found] of count(held, labels).entries()) {
      expect(Math.abs(found - 0.2 * labels.filter((own) => own === label).length)).toBeLessThanOrEqual(1);
    }
  });
});

import { describe, expect, test } from "vitest";
import { aFunction, aSignal, checkOptions, oneOf, show, trueOrFalse, wholeNumber } from "../src/options.ts";
import { codedError } from "./data/coded-error.ts";

interface Sample {
  units: number;
  batchSize?: number;
  shuffle?: boolean;
  math?: "strict" | "relaxed";
  onEnd?: () => void;
  signal?: AbortSignal;
}

const TABLE = {
  units: wholeNumber(1),
  batchSize: { ...wholeNumber(1, 512), fallback: 32 },
  shuffle: { ...trueOrFalse, fallback: true },
  math: { ...oneOf("strict", "relaxed"), fallback: "strict" as const },
  onEnd: { ...aFunction, fallback: undefined },
  signal: { ...aSignal, fallback: undefined },
};

const check = (given: unknown) => checkOptions<Sample, typeof TABLE>("sample()", given as Sample, TABLE);

test("defaults are filled in, and what has none stays away", () => {
  expect(check({ units: 4, shuffle: undefined })).toEqual({
    units: 4,
    batchSize: 32,
    shuffle: true,
    math: "strict",
  });
});

test("what is given is kept", () => {
  const { signal } = new AbortController();
  const given = { units: 4, batchSize: 512, shuffle: false, math: "relaxed", onEnd: () => {}, signal };
  expect(check(given)).toEqual(given);
});

describe("an option that is not there is refused, with the one that was meant", () => {
  test.each([
    [
      "batchsize",
      /no option "batchsize": did you mean batchSize\?; it takes an object with units, batchSize/,
    ],
    ["batch_size", /did you mean batchSize/],
    ["unit", /did you mean units/],
    ["suffle", /did you mean shuffle/],
    ["learningRate", /no option "learningRate"; it takes/],
    ["hasOwnProperty", /no option "hasOwnProperty"; it takes/],
    ["__proto__", /no option "__proto__"; it takes/],
    ["x".repeat(100_000), /no option "x{50,60}…; it takes/],
  ])("%.20s", (name, message) => {
    const given = JSON.parse(`{ "units": 1, ${JSON.stringify(name)}: 1 }`);
    expect(() => check(given)).toThrow(codedError("BAD_ARGUMENT", message));
  });
});

test.each([
  [{ units: 0 }, /sample\(\): units is 0; it must be a whole number from 1 on/],
  [{ units: 1, batchSize: 513 }, /batchSize is 513; it must be a whole number from 1 to 512/],
  [{ units: 1n }, /units is 1n/],
  [{ units: null }, /units is null/],
  [{ units: Number.NaN }, /units is NaN/],
  [{}, /units is missing; it must be a whole number/],
  [undefined, /units is missing/],
  [{ units: 1, shuffle: "no" }, /shuffle is "no"; it must be true or false/],
  [{ units: 1, math: "Strict" }, /math is "Strict"; it must be "strict" or "relaxed"/],
  [{ units: 1, onEnd: 3 }, /onEnd is 3; it must be a function/],
  [{ units: 1, signal: {} }, /signal is \{\}; it must be an AbortSignal/],
])("%o is refused", (given, message) => {
  expect(() => check(given)).toThrow(codedError("BAD_ARGUMENT", message));
});

test.each([
  [5, "5"],
  ["s", '"s"'],
  [[], "[]"],
  [null, "null"],
  [true, "true"],
  [() => {}, "a function"],
  [new Map(), "a Map"],
  [new Date(0), "a Date"],
  [Promise.resolve(), "a Promise"],
  [new Float32Array(3), "a Float32Array of length 3"],
])("options of %o are refused", (given, shown) => {
  const plain = shown.replace(/[[\]]/g, "\\$&");
  expect(() => check(given)).toThrow(
    codedError("BAD_ARGUMENT", new RegExp(`sample\\(\\) was given ${plain} for`)),
  );
});

test("options without a prototype and of a class of the caller's are taken", () => {
  class Mine {
    units = 2;
  }
  expect(check(new Mine()).units).toBe(2);
  expect(check(Object.assign(Object.create(null), { units: 3 })).units).toBe(3);
});

describe("a value in a message", () => {
  const round: unknown[] = [];
  round.push(round);
  test.each<[unknown, string]>([
    [undefined, "undefined"],
    [-0.5, "-0.5"],
    [12n, "12n"],
    [Symbol("a"), "Symbol(a)"],
    ["a\nb", '"a\\nb"'],
    ["y".repeat(1e6), `"${"y".repeat(58)}…`],
    [[1, "a", null], '[1, "a", null]'],
    [round, "an array of length 1"],
    [new Array(1e6), "an array of length 1000000"],
    [new Uint8Array(200_000), "a Uint8Array of length 200000"],
    [new DataView(new ArrayBuffer(4)), "a DataView"],
    [{ a: 1, b: "c" }, '{ a: 1, b: "c" }'],
    [{}, "{}"],
    [{ a: { b: 1 } }, "an object"],
    [new Error("no"), "an Error"],
    [parseInt, "the function parseInt"],
    [Symbol("s".repeat(1e6)), `Symbol(${"s".repeat(52)}…`],
    [{ ["f".repeat(1e6)]: () => {} }["f".repeat(1e6)], `the function ${"f".repeat(46)}…`],
  ])("%#: %.30s", (value, shown) => {
    expect(show(value)).toBe(shown);
  });
});

import { describe, expect, test } from "vitest";
import { padSequences } from "../../src/data/sequences.ts";
import { codedError } from "./coded-error.ts";

function rows(sequences: number[][], options?: Parameters<typeof padSequences>[1]): number[][] {
  const { data, shape } = padSequences(sequences, options);
  return Array.from({ length: shape[0]! }, (_, row) => [
    ...data.subarray(row * shape[1]!, (row + 1) * shape[1]!),
  ]);
}

const sequence = [[1], [2, 3], [4, 5, 6]];

// Values of keras.utils.pad_sequences, Keras 3.15.1.
describe("padSequences gives what Keras gives", () => {
  test.each([
    [
      {},
      [
        [0, 0, 1],
        [0, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      { value: -1 },
      [
        [-1, -1, 1],
        [-1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      { padding: "post" as const },
      [
        [1, 0, 0],
        [2, 3, 0],
        [4, 5, 6],
      ],
    ],
    [
      { maxLen: 2 },
      [
        [0, 1],
        [2, 3],
        [5, 6],
      ],
    ],
    [
      { maxLen: 2, truncating: "post" as const },
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    ],
    [
      { maxLen: 2, truncating: "post" as const, padding: "post" as const },
      [
        [1, 0],
        [2, 3],
        [4, 5],
      ],
    ],
    [
      { maxLen: 4 },
      [
        [0, 0, 0, 1],
        [0, 0, 2, 3],
        [0, 4, 5, 6],
      ],
    ],
  ])("%j", (options, wanted) => {
    expect(rows(sequence, options)).toEqual(wanted);
  });

  test("an empty sequence is all padding", () => {
    expect(rows([[], [7]])).toEqual([[0], [7]]);
  });

  test("typed arrays are sequences, too", () => {
    expect([...padSequences([Int32Array.of(9, 8, 7)], { maxLen: 2 }).data]).toEqual([8, 7]);
  });
});

describe("padSequences refuses", () => {
  test("a maxLen that is no length", () => {
    for (const maxLen of [0, -1, 1.5, Number.NaN]) {
      expect(() => padSequences(sequence, { maxLen })).toThrow(codedError("BAD_ARGUMENT", /maxLen is/));
    }
  });

  test("sides that do not exist", () => {
    expect(() => padSequences(sequence, { padding: "left" as "pre" })).toThrow(
      codedError("BAD_ARGUMENT", /padding is "left"; it must be "pre" or "post"/),
    );
  });

  test("values that are no 32-bit integers, naming their place", () => {
    for (const value of [1.5, Number.NaN, 2 ** 31, 5n, "5", null, undefined, Symbol("s"), true]) {
      expect(() => padSequences([[1], [2, value as number]])).toThrow(
        codedError("BAD_VALUE", /sequences\[1\]\[1\]/),
      );
    }
  });

  test("what are no sequences", () => {
    for (const none of [undefined, null, 5, "abc", { length: -1 }, new Set([[1]]), () => {}]) {
      expect(() => padSequences(none as unknown as number[][])).toThrow(
        codedError("BAD_ARGUMENT", /the sequences are .*; wanted an array of arrays of ids/),
      );
    }
  });

  test("a row that is missing or no list, naming its place, with and without maxLen", () => {
    for (const row of [undefined, null, 5, "", "abc", 5n, new DataView(new ArrayBuffer(4))]) {
      for (const options of [{}, { maxLen: 2 }]) {
        expect(() => padSequences([[1], row as unknown as number[]], options)).toThrow(
          codedError("BAD_VALUE", /sequences\[1\] is .*encode\(\)/),
        );
      }
    }
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tried
    expect(() => padSequences([[1], , [2]] as number[][])).toThrow(codedError("BAD_VALUE", /sequences\[1\]/));
  });

  test("gigabytes of filling for a few numbers, before it makes room for them", () => {
    const refused = (rows: number, maxLen: number) =>
      expect(() =>
        padSequences(
          Array.from({ length: rows }, () => [1]),
          { maxLen },
        ),
      ).toThrow(
        codedError(
          "OUT_OF_MEMORY",
          new RegExp(`${rows} sequences of ${maxLen} are ${rows * maxLen} numbers`),
        ),
      );
    refused(1, 1_000_000_000);
    refused(1, 2 ** 24 + 1);
    refused(100_000, 10_000);
    refused(2, 2 ** 30);
    expect(padSequences([[1]], { maxLen: 1_000_000 }).data.length).toBe(1_000_000);
    // A long sequence is its own reason.
    expect(padSequences([new Int32Array(70_000), ...Array(250).fill([])]).shape).toEqual([251, 70_000]);
  });

  test("no length to take", () => {
    expect(() => padSequences([])).toThrow(codedError("BAD_SHAPE", /Give maxLen/));
    expect(padSequences([], { maxLen: 3 }).shape).toEqual([0, 3]);
  });
});

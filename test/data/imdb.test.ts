import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ImdbOptions, imdbFromNpz, imdbFromTexts } from "../../src/data/imdb.ts";
import { encode, parseWordIndex } from "../../src/data/vocabulary.ts";
import { codedError } from "./coded-error.ts";
import { dictionary, imdbNpz, npy, npz } from "./npz-fixture.ts";

const tiny = imdbNpz(
  [[5, 1, 9], [2], [7, 3, 3, 8], [1, 6]],
  [0, 1, 1, 0],
  [[9, 9, 4], [1, 2, 3, 4, 5], [8]],
  [1, 0, 1],
);

interface Wanted {
  readonly x: number[];
  readonly y: number[];
}

// load_data and pad_sequences(maxlen=4) of Keras 3.15.1 on the same arrays.
const KERAS: [string, ImdbOptions, Wanted, Wanted][] = [
  [
    "no options",
    {},
    { x: [0, 1, 4, 9, 10, 6, 6, 11, 1, 8, 4, 2, 0, 0, 1, 5], y: [0, 1, 0, 1] },
    { x: [5, 6, 7, 8, 1, 2, 2, 7, 0, 0, 1, 11], y: [0, 1, 1] },
  ],
  [
    "numWords",
    { numWords: 9 },
    { x: [0, 1, 4, 2, 2, 6, 6, 2, 1, 8, 4, 2, 0, 0, 1, 5], y: [0, 1, 0, 1] },
    { x: [5, 6, 7, 8, 1, 2, 2, 7, 0, 0, 1, 2], y: [0, 1, 1] },
  ],
  [
    "no startChar",
    { numWords: 9, startChar: null },
    { x: [0, 0, 4, 2, 2, 6, 6, 2, 0, 8, 4, 2, 0, 0, 0, 5], y: [0, 1, 0, 1] },
    { x: [5, 6, 7, 8, 0, 2, 2, 7, 0, 0, 0, 2], y: [0, 1, 1] },
  ],
  [
    "no oovChar",
    { numWords: 9, oovChar: null },
    { x: [0, 0, 1, 4, 0, 1, 6, 6, 0, 1, 8, 4, 0, 0, 1, 5], y: [0, 1, 0, 1] },
    { x: [5, 6, 7, 8, 0, 0, 1, 7, 0, 0, 0, 1], y: [0, 1, 1] },
  ],
  [
    "skipTop",
    { numWords: 10, skipTop: 5 },
    { x: [0, 2, 2, 9, 2, 6, 6, 2, 2, 8, 2, 2, 0, 0, 2, 5], y: [0, 1, 0, 1] },
    { x: [5, 6, 7, 8, 2, 2, 2, 7, 0, 0, 2, 2], y: [0, 1, 1] },
  ],
  [
    "indexFrom and seed",
    { numWords: 9, indexFrom: 0, startChar: null, seed: 7 },
    { x: [7, 3, 3, 8, 0, 0, 0, 2, 0, 5, 1, 2, 0, 0, 1, 6], y: [1, 1, 0, 0] },
    { x: [0, 2, 2, 4, 2, 3, 4, 5, 0, 0, 0, 8], y: [1, 0, 1] },
  ],
];

describe("imdbFromNpz gives the rows of Keras's load_data", () => {
  test.each(KERAS)("with %s", (_, options, train, held) => {
    const dataset = imdbFromNpz(tiny, { ...options, maxLen: 4 });
    expect([...dataset.train.x.data]).toEqual(train.x);
    expect([...dataset.train.y.data]).toEqual(train.y);
    expect([...dataset.test.x.data]).toEqual(held.x);
    expect([...dataset.test.y.data]).toEqual(held.y);
    expect(Math.max(...train.x, ...held.x)).toBeLessThan(dataset.inputDim);
  });

  const folder = process.env.LSTMKIT_DATA;
  test.skipIf(!folder)("byte for byte on the real file (needs LSTMKIT_DATA)", () => {
    const dataset = imdbFromNpz(readFileSync(`${folder}/imdb/imdb.npz`), { numWords: 10_000, maxLen: 80 });
    for (const part of ["train", "test"] as const) {
      const golden = (file: string): Buffer => readFileSync(`${folder}/imdb/keras_top10000_len80/${file}`);
      const { x, y } = dataset[part];
      expect(x.shape).toEqual([25_000, 80]);
      expect(Buffer.from(Uint16Array.from(x.data).buffer).equals(golden(`x_${part}.u16`))).toBe(true);
      expect(Buffer.from(y.data).equals(golden(`y_${part}.u8`))).toBe(true);
    }
  });
});

describe("imdbFromNpz", () => {
  test("has a vocabulary that encodes to the data's ids, where it is given the word index", () => {
    const wordIndex = JSON.stringify({
      one: 1,
      two: 2,
      three: 3,
      four: 4,
      five: 5,
      six: 6,
      seven: 7,
      eight: 8,
      nine: 9,
    });
    const { vocabulary } = imdbFromNpz(tiny, { numWords: 9, maxLen: 4, wordIndex });
    expect(encode(vocabulary!, "Five one nine")).toEqual([1, 8, 4, 2]);
    expect(vocabulary).toMatchObject({ maxLen: 4, numWords: 9 });
    expect(imdbFromNpz(tiny, { numWords: 9 }).vocabulary).toBeUndefined();
  });

  test("refuses arrays that contradict each other", () => {
    const mismatched = imdbNpz([[1], [2]], [0], [[1]], [0]);
    expect(() => imdbFromNpz(mismatched)).toThrow(
      codedError("BAD_DATASET", /2 reviews and y_train 1 labels/),
    );
    const three = imdbNpz([[1], [2]], [0, 3], [[1]], [0]);
    expect(() => imdbFromNpz(three, { numWords: 10 })).toThrow(
      codedError("BAD_LABEL", /is 3n; wanted 0 or 1/),
    );
    const ints = npy(dictionary("<i4", "1,"), new Uint8Array(4));
    expect(() => imdbFromNpz(npz({ x_train: ints, y_train: ints, x_test: ints, y_test: ints }))).toThrow(
      codedError("BAD_DATASET", /x_train has dtype <i4/),
    );
  });

  test("refuses a numWords below the ids it would have to give", () => {
    expect(() => imdbFromNpz(tiny, { numWords: 2 })).toThrow(codedError("BAD_ARGUMENT", /numWords is 2/));
  });
});

describe("imdbFromTexts", () => {
  const source = {
    train: { texts: ["a a b", "b a c", "d"], labels: [0, 1, 1], classes: ["negative", "positive"] as const },
    test: { texts: ["z a", "c d"], labels: [1, 0], classes: ["negative", "positive"] as const },
  };

  test("counts words on the training part only", () => {
    const { vocabulary, inputDim } = imdbFromTexts(source, { maxLen: 3 });
    expect(vocabulary!.words).toEqual(["a", "b", "c", "d"]);
    expect(inputDim).toBe(8);
  });

  test("gives the rows that the same reviews give as ranks", () => {
    const asRanks = imdbNpz(
      [[1, 1, 2], [2, 1, 3], [4]],
      [0, 1, 1],
      [
        [99, 1],
        [3, 4],
      ],
      [1, 0],
    );
    const options = { numWords: 8, maxLen: 3 };
    const { train, test: held } = imdbFromTexts(source, options);
    const fromRanks = imdbFromNpz(asRanks, options);
    expect(train).toEqual(fromRanks.train);
    expect(held).toEqual(fromRanks.test);
  });

  test("takes the ranks of a word index", () => {
    const wordIndex = '{"d": 1, "c": 2, "b": 3, "a": 4}';
    const options = { maxLen: 3, wordIndex };
    expect(imdbFromTexts(source, options).vocabulary).toEqual({ ...parseWordIndex(wordIndex), maxLen: 3 });
  });
});

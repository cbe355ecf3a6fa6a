import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readCorpus } from "../../src/data/corpus-file.ts";
import { spamFromBytes } from "../../src/data/spam.ts";
import { decode, encode, encodeRows } from "../../src/data/vocabulary.ts";
import { codedError } from "./coded-error.ts";

const asset = readFileSync(new URL("../../assets/spam-assassin.bin", import.meta.url));
const corpus = readCorpus(asset);
const dataset = spamFromBytes(asset);

function row(part: "train" | "test", i: number): Int32Array {
  const { data, shape } = dataset[part].x;
  return data.subarray(i * shape[1]!, (i + 1) * shape[1]!);
}

describe("assets/spam-assassin.bin", () => {
  test("is the file that scripts/make-spam-corpus.ts makes", () => {
    expect(createHash("sha256").update(asset).digest("hex")).toBe(
      "5e3404ddb7ebf0d5cab9102e1a58681ac0458a7d8b6fbe3a3e3b415675d3eeb3",
    );
  });

  test("is not above a megabyte", () => {
    expect(asset.length).toBeLessThanOrEqual(1_000_000);
  });

  test("has at most 10,000 ids, each word once, and its licence", () => {
    expect(corpus.words.length).toBeLessThanOrEqual(10_000 - 4);
    expect(new Set(corpus.words).size).toBe(corpus.words.length);
    expect(corpus.provenance.licence).toContain("PDDL");
  });

  test("has words ranked by frequency in its training part", () => {
    const counts = new Uint32Array(corpus.words.length + 1);
    for (const ranks of corpus.train.texts) {
      for (let w = 0; w < ranks.length; w++) counts[ranks[w]!]!++;
    }
    const ranked = [...counts.subarray(1)];
    expect(ranked).toEqual(ranked.toSorted((a, b) => b - a));
    expect(ranked.at(-1)).toBeGreaterThan(0);
  });

  test("has no message twice", () => {
    const texts = [...corpus.train.texts, ...corpus.test.texts].map((ranks) => Array.from(ranks).join());
    const inTraining = new Set(texts.slice(0, corpus.train.texts.length));
    for (const text of texts.slice(corpus.train.texts.length)) expect(inTraining.has(text)).toBe(false);
  });

  test("keeps nothing of what tells the two collections apart by their transport", () => {
    for (const word of ["yyyy", "zzzz", "netnoteinc", "listinfo", "deathtospamdeathtospamdeathtospam"]) {
      expect(corpus.words).not.toContain(word);
    }
  });
});

describe("spamFromBytes", () => {
  test("has four training messages for each test message, and spam in both", () => {
    const { train, test: held } = dataset;
    expect(held.y.data.length / (train.y.data.length + held.y.data.length)).toBeCloseTo(0.2, 2);
    for (const { y } of [train, held]) {
      const share = y.data.reduce((sum, label) => sum + label, 0) / y.data.length;
      expect(share).toBeGreaterThan(0.25);
      expect(share).toBeLessThan(0.35);
    }
  });

  test("has ids below inputDim", () => {
    for (const part of [dataset.train, dataset.test]) {
      expect(part.x.data.every((id) => id >= 0 && id < dataset.inputDim)).toBe(true);
    }
    const small = spamFromBytes(asset, { numWords: 100 });
    expect(small.inputDim).toBe(100);
    expect(small.train.x.data.every((id) => id < 100)).toBe(true);
  });

  test("has no row of the test part among those of the training part", () => {
    const known = new Set(Array.from(dataset.train.y.data, (_, i) => row("train", i).join()));
    for (let i = 0; i < dataset.test.y.data.length; i++) expect(known.has(row("test", i).join())).toBe(false);
  });

  test("encodes a text given to predict as it encoded the same text for training", () => {
    const { vocabulary } = dataset;
    let compared = 0;
    corpus.train.texts.slice(0, 200).forEach((ranks, i) => {
      const text = Array.from(ranks, (rank) => corpus.words[rank - 1] ?? "qzxv").join(" ");
      expect([...encodeRows(vocabulary!, [text]).data]).toEqual([...row("train", i)]);
      compared++;
    });
    expect(compared).toBe(200);
  });

  test("knows words in typographic quotes, and those that the corpus has with theirs", () => {
    const ids = (text: string) => encode(dataset.vocabulary!, text);
    expect(ids("“Free” money—don’t wait…")).toEqual(ids("free money don't wait"));
    for (const word of corpus.words) expect(ids(word)).toEqual([1, corpus.words.indexOf(word) + 4]);
  });

  test("keeps the beginning of a message and pads on the left", () => {
    const { vocabulary } = dataset;
    expect(vocabulary).toMatchObject({ maxLen: 80, padding: "pre", truncating: "post", numWords: 10_000 });
    const i = corpus.train.texts.findIndex((ranks) => ranks.length > 100);
    expect(row("train", i)[0]).toBe(1);
    const short = corpus.train.texts.findIndex((ranks) => ranks.length < 40);
    expect(row("train", short)[0]).toBe(0);
  });

  test("gives longer rows where they are asked for", () => {
    expect(spamFromBytes(asset, { maxLen: 120 }).train.x.shape[1]).toBe(120);
  });

  test("has readable messages", () => {
    expect(decode(dataset.vocabulary!, encode(dataset.vocabulary!, "Free money, click here!"))).toBe(
      "[START] free money click here",
    );
  });

  test("refuses a damaged file", () => {
    expect(() => spamFromBytes(asset.subarray(0, 1000))).toThrow(codedError("BAD_DATASET"));
  });
});

/** Small problems that a classifier has to solve, made by numbers that are the same everywhere. */

import type { LooseSequenceSet } from "../../../src/data/index.ts";
import { RandomState } from "../../../src/data/random-state.ts";

/** Numbers in [0, 1). */
export function chance(seed: number): () => number {
  const random = new RandomState(seed);
  return () => random.nextUint32() / 2 ** 32;
}

/** Series of 7 to 29 steps of three numbers, as Japanese vowels have them: each class swings at a pace of its own. */
export function swings(count: number, seed = 1): LooseSequenceSet {
  const next = chance(seed);
  const paces = [3, 5, 9];
  const sequences: number[][][] = [];
  const targets: string[] = [];
  for (let i = 0; i < count; i++) {
    const c = i % paces.length;
    const from = Math.floor(next() * 20);
    const steps = 7 + Math.floor(next() * 23);
    const wave = (t: number) => Math.abs(((t + from) % paces[c]!) / paces[c]! - 0.5) * 4 - 1;
    sequences.push(
      Array.from({ length: steps }, (_, t) => [
        wave(t) + next() * 0.4,
        100 * (wave(t + 1) + next() * 0.4),
        next(),
      ]),
    );
    targets.push(["slow", "steady", "quick"].at(-1 - c)!);
  }
  return { features: ["x", "y", "noise"], sequences, targets };
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  bug: ["crash", "error", "broken"],
  praise: ["love", "great", "thanks"],
  question: ["how", "where", "why"],
};
const OTHERS = ["the", "app", "screen", "list", "page", "file"];

/** Texts of three classes, told by one word of theirs. */
export function notes(count: number, seed = 2): LooseSequenceSet {
  const next = chance(seed);
  const of = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)]!;
  const made = Array.from({ length: count }, () => {
    const topic = of(Object.keys(WORDS));
    const words = Array.from({ length: 3 + Math.floor(next() * 5) }, () => of(OTHERS));
    words.splice(Math.floor(next() * words.length), 0, of(WORDS[topic]!));
    return { text: words.join(" "), topic };
  });
  return { input: "text", sequences: made.map(({ text }) => text), targets: made.map(({ topic }) => topic) };
}

/** Texts with any number of three labels, each told by a word. */
export function labelled(count: number, seed = 3): LooseSequenceSet {
  const next = chance(seed);
  const names = Object.keys(WORDS);
  const made = Array.from({ length: count }, () => {
    const own = names.filter(() => next() < 0.4);
    const words = [
      ...own.map((name) => WORDS[name]![Math.floor(next() * 3)]!),
      ...OTHERS.filter(() => next() < 0.5),
    ];
    return { text: words.sort(() => next() - 0.5).join(" "), own };
  });
  return {
    ...{ input: "text", labels: "many" },
    sequences: made.map(({ text }) => text),
    targets: made.map(({ own }) => own),
  };
}

/** Tokens of which "it" is a noun behind a verb and a pronoun elsewhere: a token alone does not tell. */
export function tagged(count: number, seed = 4): LooseSequenceSet {
  const next = chance(seed);
  const sequences: string[][] = [];
  const targets: string[][] = [];
  for (let i = 0; i < count; i++) {
    const tokens: string[] = [];
    const tags: string[] = [];
    const add = (token: string, tag: string) => {
      tokens.push(token);
      tags.push(tag);
    };
    for (let n = 2 + Math.floor(next() * 6); n > 0; n--) {
      if (next() < 0.5) {
        add(["see", "find", "take"][Math.floor(next() * 3)]!, "VERB");
        add("it", "NOUN");
      } else {
        add(["the", "a"][Math.floor(next() * 2)]!, "DET");
        add("it", "PRON");
      }
    }
    sequences.push(tokens);
    targets.push(tags);
  }
  return { ...{ input: "tokens", labels: "steps" }, sequences, targets };
}

/** Numbers that are large or small for some steps at a time, and which they are. */
export function activity(count: number, seed = 5): LooseSequenceSet {
  const next = chance(seed);
  const sequences: number[][] = [];
  const targets: string[][] = [];
  for (let i = 0; i < count; i++) {
    const values: number[] = [];
    const tags: string[] = [];
    for (let n = 3; n > 0; n--) {
      const isMove = next() < 0.5;
      for (let t = 5 + Math.floor(next() * 8); t > 0; t--) {
        values.push((next() - 0.5) * (isMove ? 10 : 1) + 50);
        tags.push(isMove ? "move" : "rest");
      }
    }
    sequences.push(values);
    targets.push(tags);
  }
  return { ...{ labels: "steps", features: ["g"] }, sequences, targets };
}

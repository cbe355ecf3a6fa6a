/** The parts of a generator by themselves: random numbers, tokens, strands, drawing, stops, baselines. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { philox } from "../../../src/data/philox.ts";
import { createRuntime } from "../../../src/node.ts";
import { baselinesOf } from "../../../src/tasks/generate/baselines.ts";
import { Sampler, type SamplerOptions } from "../../../src/tasks/generate/sampler.ts";
import { settingsFor } from "../../../src/tasks/generate/settings.ts";
import { StopStrings } from "../../../src/tasks/generate/stop-strings.ts";
import { piecesOf, strandsOf } from "../../../src/tasks/generate/strands.ts";
import { cutNear, eachToken, normalised, type Unit, Vocabulary } from "../../../src/tasks/generate/tokens.ts";
import { uniform } from "../../../src/tasks/generate/uniform.ts";
import { philox4x32 } from "../../reference/random.ts";

describe("philox in integer arithmetic", () => {
  // The three "philox4x32 10" lines of kat_vectors in the Random123 distribution.
  test.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])("gives Random123's known answer to $counter", ({ counter, key, words }) => {
    const [c0, c1, c2, c3] = counter as [number, number, number, number];
    expect(philox(key[0]!, key[1]!, c0, c1, c2, c3)).toEqual(words);
  });

  test("is the reference's for any key and counter", () => {
    const word = fc.nat(0xffffffff);
    fc.assert(
      fc.property(fc.tuple(word, word), fc.tuple(word, word, word, word), (key, counter) => {
        expect(philox(...key, ...counter)).toEqual([...philox4x32(counter, key)]);
      }),
    );
  });

  test("uniform numbers are in [0, 1), spread evenly, and others for each seed", () => {
    const numbers = Array.from({ length: 10_000 }, (_, place) => uniform(3, place));
    expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true);
    const counts = new Array(10).fill(0);
    for (const n of numbers) counts[Math.floor(n * 10)]++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120); // 4 sigma
    expect(uniform(4, 0)).not.toBe(uniform(3, 0));
  });
});

const tokensOf = (text: string, unit: Unit) => {
  const tokens: string[] = [];
  eachToken(text, unit, (token) => tokens.push(token));
  return tokens;
};

describe("tokens", () => {
  test("joined they are the text, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.constantFrom<Unit>("characters", "words"),
        (text, unit) => {
          expect(tokensOf(text, unit).join("")).toBe(text);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("words take the blank before them; signs, line breaks and further blanks stand alone", () => {
    expect(tokensOf("Don't  stop, she said.\n\n– 42 times!", "words")).toEqual([
      "Don't",
      " ",
      " stop",
      ",",
      " she",
      " said",
      ".",
      "\n",
      "\n",
      "–",
      " 42",
      " times",
      "!",
    ]);
    expect(tokensOf("東京へ行く", "words")).toEqual(["東", "京", "へ", "行", "く"]);
    expect(tokensOf("नमस्ते दुनिया", "words")).toEqual(["नमस्ते", " दुनिया"]);
  });

  test("é is one character in one code or in two, and line ends are one", () => {
    expect(tokensOf(normalised("e\u0301\r\na\rb"), "characters")).toEqual(["é", "\n", "a", "\n", "b"]);
  });

  test("a text is never cut inside a pair of surrogates, nor inside a word", () => {
    expect(cutNear("a😀b", 2, "characters")).toBe(3);
    expect(cutNear("a😀b", 1, "characters")).toBe(1);
    const text = "some words here";
    expect(text.slice(cutNear(text, 6, "words"))).toBe(" here");
  });

  test("a vocabulary has what occurs often enough, the most frequent, in the order of codes", () => {
    const text = "aaaa bbb cc d";
    expect(Vocabulary.of(text, "characters", { least: 2, most: 9 }).tokens).toEqual([" ", "a", "b", "c"]);
    expect(Vocabulary.of(text, "characters", { least: 1, most: 2 }).tokens).toEqual([" ", "a"]);
    const vocabulary = Vocabulary.of(text, "characters", { least: 2, most: 9 });
    expect([...vocabulary.encode("adb")]).toEqual([2, 0, 3]);
    expect(Vocabulary.of("a\ud800\ud800\ud800", "characters", { least: 1, most: 9 }).tokens).toEqual(["a"]);
  });

  test("words that are longer or shorter than they mostly are fit into the ids", () => {
    const vocabulary = new Vocabulary("words", ["a", " a"]);
    expect([...vocabulary.encode(`a${" a".repeat(500)}`)]).toEqual([1, ...new Array(500).fill(2)]);
  });
});

describe("strands", () => {
  const ids = (n: number) => Uint16Array.from({ length: n }, (_, i) => i);

  test("on a text that counts, each target is the next token, and a batch goes on where the one before ended", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 300 }),
        fc.nat(50),
        (B, T, more, epoch) => {
          const strands = strandsOf(ids(B * T + 1 + more), B, T, epoch);
          const { x, y } = piecesOf(strands, 0, strands.pieces);
          expect(x.shape).toEqual([strands.pieces * B, T]);
          expect([...y.data]).toEqual([...x.data].map((id) => id + 1));
          for (let row = 0; row + B < x.shape[0]!; row++) {
            expect(x.data[(row + B) * T]).toBe(x.data[row * T + T - 1]! + 1);
          }
          // No token is read twice in a pass.
          expect(new Set(x.data).size).toBe(x.data.length);
          // Less is left out than a batch has.
          expect(x.data.length).toBeGreaterThan(B * T + more - B * T);
        },
      ),
    );
  });

  test("pieces that are asked for apart are those of the whole", () => {
    const strands = strandsOf(ids(100), 3, 5, 1);
    const whole = piecesOf(strands, 0, 6);
    const parts = [piecesOf(strands, 0, 2), piecesOf(strands, 2, 6)];
    expect(parts.flatMap(({ x }) => [...x.data])).toEqual([...whole.x.data]);
  });

  test("settings leave a piece for each strand, whatever the length", () => {
    for (const tokens of [360, 400, 1000, 50_000, 1_000_000, 40_000_000]) {
      const { batchSize, steps, epochs } = settingsFor(tokens, {});
      expect(strandsOf(ids(Math.min(tokens, 65_536)), batchSize, steps).pieces).toBeGreaterThan(0);
      expect(epochs).toBeGreaterThan(0);
    }
    expect(settingsFor(360, { steps: 5000, batchSize: 900 })).toMatchObject({ steps: 359, batchSize: 1 });
  });
});

const PLAIN: SamplerOptions = { greedy: false, topK: undefined, topP: undefined, seed: 1 };
const drawn = (shares: number[], options: Partial<SamplerOptions>, n = 20_000) => {
  const sampler = new Sampler(shares.length, { ...PLAIN, ...options });
  const counts = new Array(shares.length).fill(0) as number[];
  const values = Float32Array.from(shares);
  for (let place = 0; place < n; place++) counts[sampler.draw(values, place)]!++;
  return counts.map((count) => count / n);
};

describe("drawing", () => {
  const shares = [0, 0.1, 0.4, 0.2, 0.3];

  test("goes by the shares", () => {
    for (const [id, share] of drawn(shares, {}).entries()) expect(share).toBeCloseTo(shares[id]!, 1.7);
  });

  test("top-k keeps the k most likely in their proportions, and of equal ones the lower id", () => {
    const two = drawn(shares, { topK: 2 });
    expect(two.filter((share) => share > 0)).toHaveLength(2);
    expect(two[2]).toBeCloseTo(4 / 7, 1.7);
    expect(two[4]).toBeCloseTo(3 / 7, 1.7);
    expect(drawn([0.25, 0.25, 0.25, 0.25], { topK: 1 }, 100)).toEqual([1, 0, 0, 0]);
    expect(drawn([0.1, 0.3, 0.3, 0.3], { topK: 2 }, 100)[3]).toBe(0);
  });

  test("top-p keeps as few as make the share", () => {
    expect(drawn(shares, { topP: 0.39 }, 100)[2]).toBe(1);
    const kept = drawn(shares, { topP: 0.6 }).map((share) => share > 0);
    expect(kept).toEqual([false, false, true, false, true]);
    expect(drawn(shares, { topP: 1 })[1]).toBeCloseTo(0.1, 1.7);
  });

  test("greedy takes the largest, and the first of equal ones", () => {
    expect(drawn([0.1, 0.3, 0.3, 0.3], { greedy: true }, 10)).toEqual([0, 1, 0, 0]);
  });

  test("an id without a share is never drawn, whatever the options", () => {
    const option = fc.record({
      topK: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      topP: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true }), { nil: undefined }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 }),
        option,
        (given, options) => {
          const shares = Float32Array.from([0, ...given]);
          fc.pre(given.some((share) => share > 0));
          const sampler = new Sampler(shares.length, { greedy: false, ...options });
          for (let place = 0; place < 20; place++)
            expect(shares[sampler.draw(shares, place)]).toBeGreaterThan(0);
        },
      ),
    );
  });

  test("a draw depends on its place and its shares alone", () => {
    const values = Float32Array.from(shares);
    const one = new Sampler(5, { ...PLAIN, topK: 3 });
    const all = Array.from({ length: 50 }, (_, place) => one.draw(values, place));
    const other = new Sampler(5, { ...PLAIN, topK: 3 });
    expect(other.draw(values, 49)).toBe(all[49]);
    expect(other.draw(values, 7)).toBe(all[7]);
  });
});

describe("stop texts", () => {
  const until = (text: string, stop: string | string[]) => {
    const stops = new StopStrings(stop);
    let out = "";
    for (const character of text) {
      out += stops.add(character);
      if (stops.isMet) return out;
    }
    return out + stops.end();
  };

  test("a text ends in front of the first that comes, and is whole where none does", () => {
    expect(until("one two three", "three")).toBe("one two ");
    expect(until("one two three", ["xyz", "two"])).toBe("one ");
    expect(until("aab aac", "aac")).toBe("aab ");
    expect(until("aaab", "aab")).toBe("a");
    expect(until("one thr", "three")).toBe("one thr");
  });

  test("as a search in the whole text finds it", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(text, stop, (given, end) => {
        const at = given.indexOf(end);
        expect(until(given, end)).toBe(at < 0 ? given : given.slice(0, at));
      }),
    );
  });
});

describe("baselines", () => {
  test("a text that repeats three tokens: log2 of three, and next to nothing by the two before", async () => {
    const kit = await createRuntime();
    const ids = (n: number) => Uint16Array.from({ length: n }, (_, i) => 1 + (i % 3));
    const [frequencies, trigram] = await baselinesOf(kit, ids(3000), ids(300), 4);
    expect(frequencies!.bits).toBeCloseTo(Math.log2(3), 2);
    expect(trigram!.bits).toBeLessThan(0.01);
    await kit.close();
  });

  test("Witten–Bell by hand: a b a c, then a b", async () => {
    const kit = await createRuntime();
    const [frequencies, trigram] = await baselinesOf(
      kit,
      Uint16Array.of(1, 2, 1, 3),
      Uint16Array.of(1, 2),
      4,
    );
    // p(b) = (1 + 3/4) / (4 + 3); p(b | a) = (1 + 2 p(b)) / (2 + 2)
    expect(frequencies!.bits).toBeCloseTo(-Math.log2(0.25), 10);
    expect(trigram!.bits).toBeCloseTo(-Math.log2(1.5 / 4), 10);
    await kit.close();
  });
});
